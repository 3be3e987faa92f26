import { PartQueue } from './part-queue.ts';

/**
 * Has pieces of text spoken one by one: while a piece's sound is being delivered, the next one is being made, so two are
 * under way at most. Order is kept. Rejects with the first failure; the caller aborts what is then still under way.
 * @param speak makes the sound of a piece. @param deliver resolves when its consumer has taken the sound.
 */
export async function speakInOrder(
  pieces: AsyncIterable<string>,
  speak: (piece: string) => Promise<Int16Array>,
  deliver: (samples: Int16Array) => Promise<unknown>,
): Promise<void> {
  const sounds = new PartQueue<Promise<Int16Array>>();

  async function start(): Promise<void> {
    for await (const piece of pieces) {
      const sound = speak(piece);
      // Whoever takes it sees the failure; until then it is no unhandled one.
      sound.catch(() => undefined);
      if (!(await sounds.push(sound))) return;
    }
    sounds.end();
  }

  async function deliverAll(): Promise<void> {
    for await (const sound of sounds) {
      const samples = await sound;
      if (samples.length > 0) await deliver(samples);
    }
  }

  await Promise.all([start(), deliverAll()]);
}
