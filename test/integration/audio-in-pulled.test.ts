import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { status } from '#shared/contract/service.ts';
import { playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { publishCoded } from './harness/coded-reply.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const RATE_HZ = 24_000;
const TURN = 1_000;
const question = readWav(readFileSync('services/audio-in/assets/sample-question.wav')).samples.subarray(0, 32_000);

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'aplay', 'arecord'], 'the only microphone is pulled', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;

  beforeEach(async () => {
    card = await createVirtualSoundCard();
    stack = await startTestStack(card.env);
  });

  afterEach(async () => {
    await stack?.close();
    await card?.close();
  });

  it.each(['portaudio', 'alsa:default', 'auto'])(
    'while a reply sounds, under %s: it does not hear itself, says so, and hears again when it is back',
    async (input) => {
      const playbacks = await stack.watch(playback);
      const statuses = await stack.watch(status);
      const speeches = await stack.watch(speech);
      const pcm = { pcm: replyPcm, resend: replyResend };
      const publisher = await startPcmPublisher(stack.connect('thinker'), pcm, 60 * RATE_HZ);
      await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'alsa:default' });
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      await statuses.next(({ uses }) => /^(portaudio|alsa):/.test(uses ?? ''));
      publishCoded(publisher, TURN, 4);
      await playbacks.next(({ turn, state }) => turn === TURN && state === 'progress');

      await card.unplug('mic');
      await statuses.next(({ uses }) => /^no microphone .*speaker\.monitor/.test(uses ?? ''));
      const finished = await playbacks.next(({ turn, state }) => turn === TURN && state === 'finished');
      expect(finished.position).toBe(4 * RATE_HZ);
      expect(speeches.seen).toEqual([]);

      const opened = () => audioIn.log.filter(({ msg }) => msg === 'microphone open').length;
      const before = opened();
      await card.plug('mic');
      while (opened() === before) await new Promise((resolve) => setTimeout(resolve, 50));
      await card.speak(question, 16_000);
      await speeches.next(({ state }) => state === 'ended');
    },
  );
});
