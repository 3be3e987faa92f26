import { expect, it } from 'vitest';
import { PartQueue } from './part-queue.ts';
import { speakInOrder } from './speak-in-order.ts';

/** A voice whose sounds are finished by the test, in the order the test likes. */
function handVoice() {
  const under = new Map<string, PromiseWithResolvers<Int16Array>>();
  const started: string[] = [];
  return {
    started,
    speak(piece: string): Promise<Int16Array> {
      const sound = withResolvers<Int16Array>();
      under.set(piece, sound);
      started.push(piece);
      return sound.promise;
    },
    finish: (piece: string) => under.get(piece)?.resolve(Int16Array.of(piece.charCodeAt(0))),
    fail: (piece: string) => under.get(piece)?.reject(new Error(`no sound for ${piece}`)),
  };
}

interface PromiseWithResolvers<Value> {
  promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function pieces(...all: string[]): PartQueue<string> {
  const queue = new PartQueue<string>();
  for (const piece of all) void queue.push(piece);
  queue.end();
  return queue;
}

it('makes the next sound while the current one is delivered, and none beyond', async () => {
  const voice = handVoice();
  const delivered: number[] = [];
  const taken = withResolvers<void>();
  const all = speakInOrder(pieces('a', 'b', 'c'), voice.speak, async ([sample = 0]) => {
    delivered.push(sample);
    await taken.promise;
  });
  await settled();
  expect(voice.started).toEqual(['a', 'b']);
  voice.finish('a');
  await settled();
  expect(delivered).toEqual([97]);
  expect(voice.started).toEqual(['a', 'b']);
  taken.resolve();
  await settled();
  expect(voice.started).toEqual(['a', 'b', 'c']);
  voice.finish('b');
  voice.finish('c');
  await all;
  expect(delivered).toEqual([97, 98, 99]);
});

it('keeps the order when a later sound is finished first', async () => {
  const voice = handVoice();
  const delivered: number[] = [];
  const all = speakInOrder(pieces('a', 'b'), voice.speak, async ([sample = 0]) => void delivered.push(sample));
  await settled();
  voice.finish('b');
  await settled();
  expect(delivered).toEqual([]);
  voice.finish('a');
  await all;
  expect(delivered).toEqual([97, 98]);
});

it('speaks the first piece while the second is not yet written', async () => {
  const voice = handVoice();
  const text = new PartQueue<string>();
  const delivered: number[] = [];
  const all = speakInOrder(text, voice.speak, async ([sample = 0]) => void delivered.push(sample));
  void text.push('a');
  await settled();
  voice.finish('a');
  await settled();
  expect(delivered).toEqual([97]);
  text.end();
  await all;
});

it('stops at the first failure, with what came before delivered', async () => {
  const voice = handVoice();
  const delivered: number[] = [];
  const all = speakInOrder(
    pieces('a', 'b', 'c', 'd'),
    voice.speak,
    async ([sample = 0]) => void delivered.push(sample),
  );
  all.catch(() => undefined);
  await settled();
  voice.fail('b');
  voice.finish('a');
  await expect(all).rejects.toThrow('no sound for b');
  await settled();
  expect(delivered).toEqual([97]);
  expect(voice.started).not.toContain('d');
});
