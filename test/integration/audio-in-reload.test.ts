import { afterAll, beforeAll, expect, it } from 'vitest';
import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { createResampler } from '#shared/audio/resampler.ts';
import { microphonePcm, speech } from '#shared/contract/audio-in.ts';
import { findExcerpt } from './harness/correlation.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

/** No word comes twice in a row of the same, so that every stretch of the sound is to be found in one place only. */
const TEXT =
  'Please tell me whether the blue bicycle near that fountain belongs to somebody, how wide the stairs behind it are, ' +
  'which shops I pass on my way towards the harbour, and why there are so many people waiting under the old clock today.';

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'parec', 'arecord'],
  'a reload of audio-in in the middle of a sentence',
  () => {
    let card: VirtualSoundCard;
    let stack: TestStack;
    let sentence: Int16Array;

    beforeAll(async () => {
      const { samples, sampleRateHz } = await speakWithEspeak(TEXT);
      sentence = (await createResampler(sampleRateHz, 16_000)).process(samples);
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
      const recording = await card.record('mic', 16_000);
      const speaking = card.speak(sentence, 16_000);
      await speeches.next(({ state }) => state === 'started');
      const successor = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      try {
        await predecessor.end('SIGINT');
        const joined = await successor.logged(({ msg }) => msg === 'joined to the predecessor');
        expect(joined['matched']).toBe(true);
        await speaking;
        await speeches.next(({ state }) => state === 'ended');
        expect(speeches.seen.map(({ payload }) => payload.state)).toEqual(['possible', 'started', 'ended']);
        // Besides, the predecessor has shown its successor all that it keeps.
        const stream = frames.seen.map(({ payload }) => payload).filter(({ resent }) => !resent);
        let position = 0;
        for (const frame of stream) {
          expect(frame.position).toBe(position);
          position += frame.samples.length;
        }
        const heard = Int16Array.from(stream.flatMap((frame) => [...frame.samples]));
        const reference = await recording.stop();
        const place = (from: number) => {
          const found = findExcerpt(reference, heard.subarray(from, from + 3_000));
          expect(found.correlation).toBeGreaterThan(0.95);
          return found.offset;
        };
        // What lies between an early and a late piece is as long as what another recorder got of the same microphone.
        const [early, late] = [10_000, heard.length - 16_000];
        expect(place(late) - place(early)).toBe(late - early);
      } finally {
        await successor.end();
      }
    });
  },
);
