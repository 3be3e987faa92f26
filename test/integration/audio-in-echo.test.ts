import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { createResampler } from '#shared/audio/resampler.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import { speakerState } from '#shared/contract/speaker.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const REPLY =
  'You are standing in front of a wide staircase with a metal handrail on the right side. Two people are walking ' +
  'towards you, one of them with a dog. Behind them I can see a fountain, a blue bicycle, and a green door.';
/** At the microphone the person is some 12 dB louder than the assistant's voice from the loudspeaker. */
const REPLY_GAIN = 0.2;
const PERSON_GAIN = 0.9;

async function voiceOf(text: string, voice: string, gain: number): Promise<Int16Array> {
  const { samples, sampleRateHz } = await speakWithEspeak(text, { voice });
  const resampler = await createResampler(sampleRateHz, 16_000);
  return resampler.process(samples).map((sample) => Math.round(sample * gain));
}

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'],
  'the loudspeaker looped into the microphone',
  () => {
    let card: VirtualSoundCard | undefined;
    let stack: TestStack | undefined;

    afterEach(async () => {
      await stack?.close();
      await card?.close();
    });

    it('half-duplex: the assistant does not interrupt itself, a person does', async () => {
      card = await createVirtualSoundCard();
      await card.pactl('load-module', 'module-loopback', 'source=speaker.monitor', 'sink=mic', 'latency_msec=20');
      const reply = await voiceOf(REPLY, 'en', REPLY_GAIN);
      const person = await voiceOf('Stop, what colour is the door?', 'en+f3', PERSON_GAIN);
      stack = await startTestStack(card.env);
      const speeches = await stack.watch(speech);
      const interrupts = await stack.watch(interrupt);
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: 'portaudio', ECHO: 'half-duplex' });
      await audioIn.logged(({ msg }) => msg === 'microphone open');
      // An idle sound server hands out its first samples only after some two seconds.
      await card.speak(new Int16Array(3 * 16_000), 16_000);

      stack.bus.publish(speakerState, { state: 'speaking', volume: 1, output: 'test', since: 0 });
      const player = spawn(
        'pacat',
        ['-p', '-d', 'speaker', '--rate=16000', '--channels=1', '--format=s16le', '--raw', '--latency-msec=60'],
        { env: { ...process.env, ...card.env }, stdio: ['pipe', 'ignore', 'ignore'] },
      );
      player.stdin.end(Buffer.concat([Buffer.from(reply.buffer), Buffer.from(reply.buffer)]));
      const played = once(player, 'close');
      await card.speak(new Int16Array(reply.length), 16_000);
      expect(interrupts.seen).toEqual([]);
      await card.speak(person, 16_000);
      await interrupts.next(({ source }) => source === 'barge-in');
      expect(speeches.seen.at(-1)?.payload.state).toBe('started');
      await played;
    });
  },
);
