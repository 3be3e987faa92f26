import type { Clock } from '#shared/time/clock.ts';
import type { AnswerFailure } from '../answer-failure.ts';

/** Somebody waits for an answer: longer than this they are better served by the next level down. */
const LONGEST_PAUSE_MS = 1_500;
const SHORTEST_PAUSE_MS = 200;

/** Whether one more try is worth the listener's time. A time limit that was used up is not tried again. */
export function mayRetry({ kind, retryable, retryAfterMs = 0 }: AnswerFailure): boolean {
  return retryable && kind !== 'timeout' && retryAfterMs <= LONGEST_PAUSE_MS;
}

/** Waits as long as the failure asks for, or 200 ms. Rejects with the reason at once on abort. */
export function pause(clock: Clock, { retryAfterMs = 0 }: AnswerFailure, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    function stop(): void {
      cancel();
      reject(signal.reason);
    }
    const cancel = clock.after(Math.max(SHORTEST_PAUSE_MS, retryAfterMs), () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
