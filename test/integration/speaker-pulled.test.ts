import { afterEach, beforeEach, expect, it } from 'vitest';
import { playback, type SpeakerState, speakerState } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { publishCoded } from './harness/coded-reply.ts';
import { type CodedFindings, findCoded } from './harness/coded-signal.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { BIT_EXACT_CARD, createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import type { Watched } from './harness/watched.ts';

const RATE_HZ = 24_000;
const TURN = 1_000;
const LAST = 4 * RATE_HZ - 1;
/** 0.2 s that a headset may hold, the queue of 80 ms at most, and what is handed over until a busy machine has noticed. */
const REPEATED_SAMPLES = 0.6 * RATE_HZ;

/** By now the speaker has tried five times, and waits 3 s: time for a recorder to be there before the reply goes on. */
const TRIES_ARE_RARE_MS = 3_700;

describeWith(['pulseaudio', 'pactl', 'parec', 'aplay'], 'the headset is switched off in mid-reply', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;

  beforeEach(async () => {
    card = await createVirtualSoundCard(BIT_EXACT_CARD);
    await card.plug('headset');
  });

  afterEach(async () => {
    await stack?.close();
    await card?.close();
  });

  async function reply(output: string, env: Record<string, string> = {}) {
    stack = await startTestStack({ ...card.env, ...env });
    const publisher = await startPcmPublisher(
      stack.connect('thinker'),
      { pcm: replyPcm, resend: replyResend },
      9 * RATE_HZ,
    );
    const states = await stack.watch(speakerState);
    const playbacks = await stack.watch(playback);
    await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: output });
    await states.next(({ output: used }) => /^(aplay|PortAudio)/.test(used));
    publishCoded(publisher, TURN, 4);
    return { states, playbacks };
  }

  /** What was heard of it in the headset until it was gone, which the bus has been told by then. */
  async function pull({ seen }: Watched<SpeakerState>, beyond: number): Promise<CodedFindings> {
    const recording = await card.record('headset', RATE_HZ);
    await recording.until((samples) => findCoded(samples).last > beyond || undefined);
    const told = seen.length;
    await card.unplug('headset');
    while (!seen.slice(told).some(({ payload }) => payload.output.startsWith('none'))) await pause(20);
    return findCoded(recording.samples());
  }

  /** Nothing is missing between the last sample heard before and the first heard after, and little is heard twice. */
  function expectJoined(before: CodedFindings, after: CodedFindings): void {
    expect(after.first).toBeLessThanOrEqual(before.last + 1);
    expect(after.first).toBeGreaterThan(before.last - REPEATED_SAMPLES);
  }

  /** PortAudio itself drops a period when the card runs dry, as it may where tests crowd the machine: the last one, too. */
  async function heardToTheEnd(sink: string, output: string): Promise<CodedFindings> {
    const end = output === 'portaudio' ? LAST - RATE_HZ / 10 : LAST;
    const recording = await card.record(sink, RATE_HZ);
    return recording.until((samples) => {
      const found = findCoded(samples);
      return found.last >= end ? found : undefined;
    });
  }

  it.each([
    ['alsa:default', 1],
    ['auto', 2],
    ['portaudio', 1],
  ])('under %s, and returns under its name, %i times: the reply waits for it', async (output, times) => {
    // Named, as ALSA and PulseAudio remember a headset: nothing else will do until it is back.
    const { states, playbacks } = await reply(output, { PULSE_SINK: 'headset' });
    let before = await pull(states, RATE_HZ / 2);
    for (let time = 1; time < times; time += 1) {
      await pause(TRIES_ARE_RARE_MS);
      await card.plug('headset');
      const again = await pull(states, before.last + RATE_HZ / 2);
      expectJoined(before, again);
      before = again;
    }
    await pause(TRIES_ARE_RARE_MS);
    await card.plug('headset');
    const after = await heardToTheEnd('headset', output);
    expectJoined(before, after);
    if (output !== 'portaudio') expect(after).toMatchObject({ lost: 0, doubled: 0 });
    const finished = await playbacks.next(({ state }) => state === 'finished');
    expect(finished.position).toBe(LAST + 1);
  });

  it.each(['alsa:default', 'portaudio'])(
    'under %s, and there is a loudspeaker: the reply goes on there',
    async (output) => {
      await card.unplug('mic');
      await card.pactl('set-default-sink', 'headset');
      const { states } = await reply(output);
      const heard = heardToTheEnd('speaker', output);
      const before = await pull(states, RATE_HZ / 2);
      const after = await heard;
      expectJoined(before, after);
      if (output !== 'portaudio') expect(after.lost).toBe(0);
      await states.next(({ output: used }) => /^(aplay|PortAudio)/.test(used));
    },
  );

  it.each(['alsa:default', 'portaudio'])(
    'under %s, and there is no other sink: the dummy of the sound server hears nothing of it',
    async (output) => {
      for (const sink of ['mic', 'speaker']) await card.unplug(sink);
      await card.pactl('load-module', 'module-always-sink');
      const { states, playbacks } = await reply(output);
      const before = await pull(states, RATE_HZ / 2);
      await states.next(({ output: used }) => /no sound output/.test(used));
      expect(await card.pactl('list', 'short', 'sinks')).toContain('auto_null');
      await pause(TRIES_ARE_RARE_MS);
      await card.plug('headset');
      const after = await heardToTheEnd('headset', output);
      expectJoined(before, after);
      const finished = await playbacks.next(({ state }) => state === 'finished');
      expect(finished.position).toBe(LAST + 1);
    },
  );
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
