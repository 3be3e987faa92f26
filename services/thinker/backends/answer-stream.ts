import type { AnswerPart } from './answer-backend.ts';
import { PartQueue } from './part-queue.ts';

/** Hands a part to whoever reads the answer; resolves when it was taken (false: nobody reads any more). */
export type Emit = (part: AnswerPart) => Promise<boolean>;

/**
 * An answer as a stream that obeys the caller at once: on abort, or when the reader leaves, it ends without waiting for
 * whatever `produce` is in the middle of; that is aborted through its own signal and finishes unseen.
 */
export async function* streamAnswer(
  caller: AbortSignal,
  produce: (emit: Emit, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<AnswerPart, void, undefined> {
  if (caller.aborted) return;
  const parts = new PartQueue<AnswerPart>();
  const production = new AbortController();
  function stop(): void {
    production.abort(caller.reason);
    parts.close();
  }
  caller.addEventListener('abort', stop, { once: true });
  produce((part) => parts.push(part), production.signal).then(
    () => parts.end(),
    (error: unknown) => parts.end({ error }),
  );
  try {
    yield* parts;
  } finally {
    caller.removeEventListener('abort', stop);
    stop();
  }
}
