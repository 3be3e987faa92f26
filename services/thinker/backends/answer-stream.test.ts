import { expect, it } from 'vitest';
import type { AnswerPart } from './answer-backend.ts';
import { type Emit, streamAnswer } from './answer-stream.ts';

const text = (words: string): AnswerPart => ({ type: 'modelText', text: words });
const never = new AbortController().signal;

async function read(parts: AsyncIterable<AnswerPart>): Promise<AnswerPart[]> {
  const all: AnswerPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

it('delivers what was emitted, then the end', async () => {
  const parts = streamAnswer(never, async (emit) => {
    void emit(text('a'));
    await Promise.resolve();
    void emit(text('b'));
  });
  expect(await read(parts)).toEqual([text('a'), text('b')]);
});

it('delivers what came before a failure, then the failure', async () => {
  const parts = streamAnswer(never, async (emit) => {
    void emit(text('a'));
    throw new Error('cut');
  });
  expect((await parts.next()).value).toEqual(text('a'));
  await expect(parts.next()).rejects.toThrow('cut');
});

it('delivers nothing after an abort, not even what was waiting', async () => {
  const controller = new AbortController();
  let production: AbortSignal | undefined;
  let lastTaken: boolean | undefined;
  const received: AnswerPart[] = [];
  const produce = async (emit: Emit, signal: AbortSignal) => {
    production = signal;
    for (const words of ['a', 'b', 'c']) void emit(text(words));
    lastTaken = await emit(text('d'));
  };
  for await (const part of streamAnswer(controller.signal, produce)) {
    received.push(part);
    controller.abort('barge-in');
  }
  expect(received).toEqual([text('a')]);
  expect(production?.reason).toBe('barge-in');
  expect(lastTaken).toBe(false);
});

it('aborts the production when the reader leaves', async () => {
  let production: AbortSignal | undefined;
  const parts = streamAnswer(never, async (emit, signal) => {
    production = signal;
    await emit(text('a'));
    await new Promise(() => {});
  });
  for await (const _part of parts) break;
  expect(production?.aborted).toBe(true);
});

it('does not wait for a production that ignores the abort', async () => {
  const controller = new AbortController();
  const reading = read(streamAnswer(controller.signal, () => new Promise(() => {})));
  setImmediate(() => controller.abort());
  expect(await reading).toEqual([]);
});

it('produces nothing for a caller who has aborted already', async () => {
  const parts = streamAnswer(AbortSignal.abort(), () => Promise.reject(new Error('unexpected')));
  expect(await read(parts)).toEqual([]);
});
