import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { microphonePcm, speech } from '#shared/contract/audio-in.ts';
import { privacy } from '#shared/contract/control.ts';
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
        const kind = input.startsWith('portaudio') ? 'portaudio' : 'alsa';
        await statuses.next(({ uses }) => uses?.startsWith(kind) ?? false);
        await card.speak(question, 16_000);
        const ended = await speeches.next(({ state }) => state === 'ended');
        const stream = frames.seen.map(({ payload }) => payload).filter((frame) => frame.stream === ended.utterance);
        let position = 0;
        for (const frame of stream) {
          expect(frame.position).toBe(position);
          position += frame.samples.length;
        }
        expect(stream.at(-1)?.last).toBe(true);
        // A breath before the first word may be possible speech of its own.
        const states = speeches.seen
          .map(({ payload }) => payload)
          .filter(({ utterance }) => utterance === ended.utterance);
        expect(states.map(({ state }) => state)).toEqual(['possible', 'started', 'ended']);
        // The question is 1 s; with pre-roll and the silence that ended it, under 2.5 s.
        expect(position).toBeGreaterThan(20_000);
        expect(position).toBeLessThan(40_000);
      } finally {
        await audioIn.end();
      }
    },
  );

  it.each(['portaudio', 'alsa:default'])('hears again after the sound server was restarted under %s', async (input) => {
    const speeches = await stack.watch(speech);
    const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
    try {
      await card.restartDaemon();
      await audioIn.logged(({ msg }) => msg === 'no microphone; trying again');
      const opened = () => audioIn.log.filter(({ msg }) => msg === 'microphone open').length;
      while (opened() < 2) await new Promise((resolve) => setTimeout(resolve, 50));
      await card.speak(question, 16_000);
      await speeches.next(({ state }) => state === 'ended');
    } finally {
      await audioIn.end();
    }
  });

  it.each(['portaudio', 'alsa:default'])(
    'lets go of the device when %s is blocked, and after a restart',
    async (input) => {
      const recorders = async () => (await card.pactl('list', 'short', 'source-outputs')).trim();
      const until = async (done: () => Promise<boolean>) => {
        while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      const statuses = await stack.watch(status);
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      try {
        await until(async () => (await recorders()) !== '');
        const blockedAtMs = performance.now();
        stack.bus.publish(privacy, { microphone: true, camera: false });
        await until(async () => (await recorders()) === '');
        // The time contains one or two runs of pactl; the contract asks for 200 ms.
        expect(performance.now() - blockedAtMs).toBeLessThan(200);
        await statuses.next(({ uses }) => uses === 'blocked by the user');
      } finally {
        await audioIn.end();
      }
      const successor = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      try {
        expect(successor.log.some(({ msg }) => msg === 'microphone open')).toBe(false);
        stack.bus.publish(privacy, { microphone: false, camera: false });
        await until(async () => (await recorders()) !== '');
      } finally {
        await successor.end();
      }
    },
  );
});
