import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { microphonePcm, speech } from '#shared/contract/audio-in.ts';
import { status } from '#shared/contract/service.ts';
import type { RunningProcess } from './harness/processes.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

/** "What do you see?", without the silence after it. */
const question = readWav(readFileSync('services/audio-in/assets/sample-question.wav')).samples.subarray(0, 32_000);

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'arecord'], 'audio-in on a sound card', () => {
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

  it.each(['auto', 'portaudio', 'portaudio:pulse', 'alsa:default'])(
    'hears a spoken question through %s as one gap-free stream',
    async (input) => {
      const speeches = await stack.watch(speech);
      const frames = await stack.watch(microphonePcm);
      const statuses = await stack.watch(status);
      const audioIn: RunningProcess = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      try {
        await statuses.next(({ uses }) => uses?.startsWith(input.startsWith('alsa') ? 'alsa' : 'portaudio') ?? false);
        await card.speak(question, 16_000);
        const ended = await speeches.next(({ state }) => state === 'ended');
        const stream = frames.seen.map(({ payload }) => payload).filter((frame) => frame.stream === ended.utterance);
        let position = 0;
        for (const frame of stream) {
          expect(frame.position).toBe(position);
          position += frame.samples.length;
        }
        expect(stream.at(-1)?.last).toBe(true);
        expect(speeches.seen.map(({ payload }) => payload.state)).toEqual(['possible', 'started', 'ended']);
        // The question is 1 s; with pre-roll and the silence that ended it, under 2.5 s.
        expect(position).toBeGreaterThan(20_000);
        expect(position).toBeLessThan(40_000);
      } finally {
        await audioIn.end();
      }
    },
  );
});
