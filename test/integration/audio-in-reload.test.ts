import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { microphonePcm, speech } from '#shared/contract/audio-in.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const question = readWav(readFileSync('services/audio-in/assets/sample-question.wav')).samples.subarray(4_000, 22_000);
/** Eight times the question without a pause: nine seconds that hold no half second of silence. */
const SPEECH = Int16Array.from({ length: question.length * 8 }, (_unused, index) => {
  const sample = question[index % question.length] ?? 0;
  // Every repetition at another loudness, so that no stretch of it is equal to another.
  return Math.round(sample * (0.5 + 0.06 * Math.floor(index / question.length)));
});

/** Lag at which `piece` fits best into `whole` from `from` on, by normalised correlation. */
function lagOf(piece: Int16Array, whole: Int16Array, from: number, to: number): { lag: number; fit: number } {
  let best = { lag: 0, fit: -1 };
  for (let lag = Math.max(0, from); lag < Math.min(to, whole.length - piece.length); lag += 1) {
    let product = 0;
    let one = 0;
    let other = 0;
    for (let i = 0; i < piece.length; i += 2) {
      const a = piece[i] ?? 0;
      const b = whole[lag + i] ?? 0;
      product += a * b;
      one += a * a;
      other += b * b;
    }
    const fit = product / Math.sqrt(one * other || 1);
    if (fit > best.fit) best = { lag, fit };
  }
  return best;
}

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'parec', 'arecord'],
  'a reload of audio-in in the middle of a sentence',
  () => {
    let card: VirtualSoundCard;
    let stack: TestStack;

    beforeAll(async () => {
      card = await createVirtualSoundCard();
      stack = await startTestStack(card.env);
    });

    afterAll(async () => {
      await stack?.close();
      await card?.close();
    });

    it.each(['portaudio', 'alsa:default'])('loses and doubles no sample through %s', async (input) => {
      const speeches = await stack.watch(speech);
      const frames = await stack.watch(microphonePcm);
      const predecessor = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      await predecessor.logged(({ msg }) => msg === 'microphone open');
      const speaking = card.speak(SPEECH, 16_000);
      await speeches.next(({ state }) => state === 'started');
      const successor = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      try {
        await predecessor.end('SIGINT');
        const joined = await successor.logged(({ msg }) => msg === 'joined to the predecessor');
        expect(joined['matched']).toBe(true);
        await speaking;
        await speeches.next(({ state }) => state === 'ended');
        expect(speeches.seen.map(({ payload }) => payload.state)).toEqual(['possible', 'started', 'ended']);
        const stream = frames.seen.map(({ payload }) => payload);
        let position = 0;
        for (const frame of stream) {
          expect(frame.position).toBe(position);
          position += frame.samples.length;
        }
        const heard = Int16Array.from(stream.flatMap((frame) => [...frame.samples]));
        const early = lagOf(SPEECH.subarray(8_000, 10_000), heard, 8_000, 24_000);
        const late = lagOf(SPEECH.subarray(SPEECH.length - 22_000, SPEECH.length - 20_000), heard, 0, heard.length);
        expect(early.fit).toBeGreaterThan(0.95);
        expect(late.fit).toBeGreaterThan(0.95);
        expect(late.lag - early.lag).toBe(SPEECH.length - 22_000 - 8_000);
      } finally {
        await successor.end();
      }
    });
  },
);
