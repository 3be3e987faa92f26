import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { playback, speakerState } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { publishCoded } from './harness/coded-reply.ts';
import { type CodedFindings, codedSignal, findCoded } from './harness/coded-signal.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type Recording, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const RATE_HZ = 24_000;
/** What PortAudio takes at a time: 5 ms. */
const PERIOD_SAMPLES = 120;

describeWith(['pulseaudio', 'pactl', 'parec', 'aplay'], 'the speaker on a sound card', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;
  let publisher: PcmPublisher;
  let turn = 1_000;

  beforeAll(async () => {
    card = await createVirtualSoundCard();
    stack = await startTestStack({ ...card.env, PULSE_SINK: 'exact' });
    const pcm = { pcm: replyPcm, resend: replyResend };
    publisher = await startPcmPublisher(stack.connect('thinker'), pcm, 10 * 60 * RATE_HZ);
  });
  beforeEach(async () => {
    // A test that failed may have restarted the sound server without it.
    if (!(await card.pactl('list', 'short', 'sinks')).includes('exact')) await card.plug('exact');
  });

  afterAll(async () => {
    await stack?.close();
    await card?.close();
  });

  function say(seconds: number): number {
    turn += 1;
    publishCoded(publisher, turn, seconds);
    return turn;
  }

  /** What was heard once the sample of this index is at the end of it. */
  async function heardUpTo(index: number, recording: Recording): Promise<CodedFindings> {
    const last = codedSignal(index, 1)[0] ?? 0;
    // The code comes round again; the quick look finds candidates, the full one decides.
    await recording.until(
      (samples) => (samples.subarray(-RATE_HZ / 2).includes(last) && findCoded(samples).last >= index) || undefined,
    );
    return findCoded(await recording.stop());
  }

  async function withSpeaker(output: string, test: () => Promise<void>): Promise<void> {
    const speaker = await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: output });
    try {
      await test();
    } finally {
      await speaker.end();
    }
  }

  const names = [
    ['auto', /^aplay/],
    ['alsa:default', /^aplay/],
    ['portaudio', /^PortAudio/],
  ] as const;

  it.each(names)('plays a reply through %s bit by bit and knows when it has been heard', (output, name) =>
    withSpeaker(output, async () => {
      const playbacks = await stack.watch(playback);
      const states = await stack.watch(speakerState);
      await states.next(({ output: used }) => name.test(used));
      const recording = await card.record('exact', RATE_HZ);
      const number = say(1);
      const finished = await playbacks.next(({ turn: of, state }) => of === number && state === 'finished');
      expect(finished.position).toBe(RATE_HZ);
      const heard = await heardUpTo(RATE_HZ - 1, recording);
      expect(heard).toMatchObject({ first: 0, last: RATE_HZ - 1, doubled: 0, altered: 0 });
      // PortAudio itself drops a period when the card runs dry, as it may where tests crowd the machine.
      expect(output === 'portaudio' ? heard.lost % PERIOD_SAMPLES : heard.lost).toBe(0);
    }),
  );

  it.each(names)('goes on with the reply under %s when the sound server was restarted', (output, name) =>
    withSpeaker(output, async () => {
      const playbacks = await stack.watch(playback);
      const states = await stack.watch(speakerState);
      await states.next(({ output: used }) => name.test(used));
      const number = say(4);
      await playbacks.next(({ turn: of, state }) => of === number && state === 'progress');
      await card.restartDaemon();
      await card.plug('exact');
      await states.next(({ output: used }) => used.startsWith('none'));
      const recording = await card.record('exact', RATE_HZ);
      const finished = await playbacks.next(({ turn: of, state }) => of === number && state === 'finished');
      expect(finished.position).toBe(4 * RATE_HZ);
      const heard = await heardUpTo(4 * RATE_HZ - 1, recording);
      // PortAudio itself drops a period when the card runs dry, as it may where tests crowd the machine.
      expect(heard.last).toBe(4 * RATE_HZ - 1);
      if (output !== 'portaudio') expect(heard).toMatchObject({ lost: 0, doubled: 0 });
    }),
  );

  /** A speaker ends in mid-reply, and another is started: every sample is heard once. */
  async function expectHeardOver(signal: 'SIGINT' | 'SIGKILL', meanwhile: () => void = () => undefined): Promise<void> {
    const playbacks = await stack.watch(playback);
    const first = await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'auto' });
    const recording = await card.record('exact', RATE_HZ);
    const number = say(3);
    await playbacks.next(
      ({ turn: of, state, position }) => of === number && state === 'progress' && position > RATE_HZ,
    );
    await first.end(signal);
    meanwhile();
    const second = await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'auto' });
    try {
      const heard = await heardUpTo(3 * RATE_HZ - 1, recording);
      expect(heard).toMatchObject({ first: 0, last: 3 * RATE_HZ - 1, lost: 0, doubled: 0, altered: 0 });
    } finally {
      await second.end();
    }
  }

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'loses and doubles no sample when it ends by %s and is started again',
    (signal) => expectHeardOver(signal),
  );

  it('loses no sample either when it is killed between noting a period and writing it', () =>
    expectHeardOver('SIGKILL', () => {
      // What the record says then: the next 5 ms have been handed over. Nobody can hit those ten microseconds.
      const path = join(stack.stateDir, 'speaker-playout.json');
      const record = JSON.parse(readFileSync(path, 'latin1'));
      record.turns[0].position += 120;
      writeFileSync(path, JSON.stringify(record).padEnd(512));
    }));

  it('hands over to a successor without a gap that is heard', async () => {
    const playbacks = await stack.watch(playback);
    const first = await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'auto' });
    const recording = await card.record('exact', RATE_HZ);
    const number = say(4);
    await playbacks.next(({ turn: of, state }) => of === number && state === 'progress');
    const second = await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'auto' });
    await first.end();
    try {
      const heard = await heardUpTo(4 * RATE_HZ - 1, recording);
      expect(heard).toMatchObject({ first: 0, last: 4 * RATE_HZ - 1, lost: 0, doubled: 0, altered: 0 });
      const ends = playbacks.seen.filter(({ payload }) => payload.turn === number && payload.state === 'finished');
      expect(ends).toHaveLength(1);
    } finally {
      await second.end();
    }
  });
});
