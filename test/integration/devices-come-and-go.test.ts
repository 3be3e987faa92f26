import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { status } from '#shared/contract/service.ts';
import { alert, playback, speakerState } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { publishCoded } from './harness/coded-reply.ts';
import { findCoded } from './harness/coded-signal.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const RATE_HZ = 24_000;
/** What a device had taken and not played is played again, and no more than that: 100 ms. */
const REPEATED_SAMPLES = RATE_HZ / 10;
const question = readWav(readFileSync('services/audio-in/assets/sample-question.wav')).samples.subarray(0, 32_000);

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'aplay', 'arecord'], 'devices that come and go', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;
  let publisher: PcmPublisher;
  let turn = 1_000;

  beforeEach(async () => {
    card = await createVirtualSoundCard();
    await card.plug('headset');
    // Named, as ALSA and PulseAudio remember a headset: nothing else will do until it is back.
    stack = await startTestStack({ ...card.env, PULSE_SINK: 'headset', PULSE_SOURCE: 'mic.monitor' });
    publisher = await startPcmPublisher(stack.connect('thinker'), { pcm: replyPcm, resend: replyResend }, 60 * RATE_HZ);
  });

  afterEach(async () => {
    await stack?.close();
    await card?.close();
  });

  function say(seconds: number): number {
    turn += 1;
    publishCoded(publisher, turn, seconds);
    return turn;
  }

  it.each([
    ['alsa:default', 1],
    ['alsa:default', 2],
    ['portaudio', 1],
  ])(
    'the headset is switched off under %s and returns under its name, %i times: the reply goes on where it was',
    async (output, times) => {
      const playbacks = await stack.watch(playback);
      const states = await stack.watch(speakerState);
      await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: output });
      await states.next(({ output: used }) => !used.startsWith('none'));
      const number = say(4);
      let heardUpTo = -1;
      for (let time = 0; time < times; time += 1) {
        const before = await card.record('headset', RATE_HZ);
        const playing = states.seen.length;
        await before.until((samples) => (findCoded(samples).last > heardUpTo + RATE_HZ / 2 ? true : undefined));
        await card.unplug('headset');
        while (!states.seen.slice(playing).some(({ payload }) => payload.output.startsWith('none'))) await pause(20);
        const found = findCoded(before.samples());
        expect(found).toMatchObject({ lost: 0, doubled: 0 });
        if (time > 0) expectJoined(heardUpTo, found.first);
        heardUpTo = found.last;
        await pause(1_000);
        await card.plug('headset');
      }
      const after = await card.record('headset', RATE_HZ);
      const finished = await playbacks.next(({ turn: of, state }) => of === number && state === 'finished');
      expect(finished.position).toBe(4 * RATE_HZ);
      await after.until((samples) => (findCoded(samples).last === 4 * RATE_HZ - 1 ? true : undefined));
      const found = findCoded(await after.stop());
      expectJoined(heardUpTo, found.first);
      // PortAudio itself drops a period when the card runs dry, as it may where tests crowd the machine.
      if (output !== 'portaudio') expect(found).toMatchObject({ lost: 0, doubled: 0 });
    },
  );

  /** Nothing is missing between the last sample heard before and the first heard after, and little is heard twice. */
  function expectJoined(last: number, first: number): void {
    expect(first).toBeLessThanOrEqual(last + 1);
    expect(first).toBeGreaterThan(last - REPEATED_SAMPLES);
  }

  it.each(['portaudio', 'alsa:default'])(
    'the microphone alone is pulled under %s: the reply plays on, and it hears again when it is back',
    async (input) => {
      const playbacks = await stack.watch(playback);
      const statuses = await stack.watch(status);
      const speeches = await stack.watch(speech);
      await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'alsa:default' });
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      await statuses.next(({ uses }) => uses?.startsWith(input.split(':')[0] ?? '') ?? false);
      const recording = await card.record('headset', RATE_HZ);
      const number = say(3);
      await playbacks.next(({ turn: of, state }) => of === number && state === 'progress');
      await card.unplug('mic');
      await statuses.next(({ uses }) => uses?.startsWith('no microphone') ?? false);
      const finished = await playbacks.next(({ turn: of, state }) => of === number && state === 'finished');
      expect(finished.position).toBe(3 * RATE_HZ);
      const heard = await recording.until((samples) => {
        const found = findCoded(samples);
        return found.last === 3 * RATE_HZ - 1 ? found : undefined;
      });
      expect(heard).toMatchObject({ first: 0, lost: 0, doubled: 0, altered: 0 });

      const opened = () => audioIn.log.filter(({ msg }) => msg === 'microphone open').length;
      const before = opened();
      await card.plug('mic');
      while (opened() === before) await pause(50);
      await card.speak(question, 16_000);
      await speeches.next(({ state }) => state === 'ended');
    },
  );

  it.each(['portaudio', 'alsa:default'])(
    'a microphone that opens under %s and stays mute is noticed, told once, and given up for one that works',
    async (input) => {
      const fifo = join(stack.stateDir, 'mute');
      await card.pactl(
        'load-module',
        'module-pipe-source',
        'source_name=mute',
        `file=${fifo}`,
        'rate=16000',
        'channels=1',
      );
      await card.pactl('set-default-source', 'mute');
      const alerts = await stack.watch(alert);
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input, PULSE_SOURCE: '@DEFAULT_SOURCE@' });
      await alerts.next(({ text }) => /does not work/.test(text ?? ''));
      const tries = () => audioIn.log.filter(({ msg }) => msg === 'no microphone; trying again').length;
      while (tries() < 3) await pause(50);
      await card.pactl('set-default-source', 'mic.monitor');
      await alerts.next(({ text }) => /is back/.test(text ?? ''));
      expect(alerts.seen).toHaveLength(2);
    },
  );
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
