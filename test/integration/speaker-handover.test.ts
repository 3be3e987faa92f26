import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Playback, playback, type SpeakerState, speakerState } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { codedSignal, findCoded } from './harness/coded-signal.ts';
import type { RunningProcess } from './harness/processes.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import {
  BIT_EXACT_CARD,
  createVirtualSoundCard,
  type Recording,
  type VirtualSoundCard,
} from './harness/virtual-sound-card.ts';
import type { Watched } from './harness/watched.ts';

const RATE_HZ = 24_000;
const FRAME = 2_400;
const REPLY_SECONDS = 5;

describeWith(['pulseaudio', 'pactl', 'parec', 'aplay'], 'a reply outlives', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;
  let publisher: PcmPublisher;
  let playbacks: Watched<Playback>;
  let states: Watched<SpeakerState>;
  let recording: Recording;
  let turn = 1_000;

  beforeAll(async () => {
    card = await createVirtualSoundCard(BIT_EXACT_CARD);
    stack = await startTestStack({ ...card.env, CORTEX_AUDIO_OUTPUT: 'auto' });
    const pcm = { pcm: replyPcm, resend: replyResend };
    publisher = await startPcmPublisher(stack.connect('thinker'), pcm, 10 * 60 * RATE_HZ);
    playbacks = await stack.watch(playback);
    states = await stack.watch(speakerState);
  });
  afterAll(async () => {
    await stack?.close();
    await card?.close();
  });

  /** Resolves when a speaker, just started, has come to the middle of the first second of a new reply. */
  async function speaking(): Promise<RunningProcess> {
    const speaker = await stack.start('speaker');
    recording = await card.record('speaker', RATE_HZ);
    turn += 1;
    publish(0, REPLY_SECONDS);
    await playbacks.next(({ turn: of, state }) => of === turn && state === 'progress');
    return speaker;
  }

  function publish(fromSeconds: number, toSeconds: number): void {
    const stream = turn;
    for (let position = fromSeconds * RATE_HZ; position < toSeconds * RATE_HZ; position += FRAME) {
      publisher.publish({
        sampleRateHz: RATE_HZ,
        stream,
        position,
        timeUs: Date.now() * 1_000,
        first: position === 0,
        last: position + FRAME >= REPLY_SECONDS * RATE_HZ,
        resent: false,
        samples: codedSignal(position, FRAME),
      });
    }
  }

  /** Resolves with the next last word of a speaker, from now on. */
  function lastWord(): Promise<SpeakerState> {
    const before = new Set(states.seen.map(({ payload }) => payload));
    return states.next((payload) => payload.leaving === true && !before.has(payload));
  }

  /** Every sample of the reply was heard once, in order, and its end was told once. */
  async function expectHeardExactly(survivor: RunningProcess): Promise<void> {
    try {
      await playbacks.next(({ turn: of, state }) => of === turn && state === 'finished');
      const last = REPLY_SECONDS * RATE_HZ - 1;
      await recording.until((samples) => (findCoded(samples).last === last ? true : undefined));
      const heard = findCoded(await recording.stop());
      console.log(`longest silence ${heard.longestSilenceSamples / 24} ms`);
      expect(heard).toMatchObject({ first: 0, last, lost: 0, doubled: 0, altered: 0 });
      const ends = playbacks.seen.filter(({ payload }) => payload.turn === turn && payload.state === 'finished');
      expect(ends).toHaveLength(1);
    } finally {
      await survivor.end();
    }
  }

  it('a handover', async () => {
    const first = await speaking();
    const second = await stack.start('speaker');
    expect(await first.end()).toBe(0);
    await expectHeardExactly(second);
  });

  it('a row of handovers through the same sound output', async () => {
    let speaker = await speaking();
    for (let n = 0; n < 3; n += 1) {
      const next = await stack.start('speaker');
      expect(await speaker.end()).toBe(0);
      speaker = next;
    }
    expect(speaker.log.some(({ level }) => level >= 40)).toBe(false);
    await expectHeardExactly(speaker);
  });

  it('a predecessor that is killed while its successor stands by', async () => {
    const first = await speaking();
    const second = await stack.start('speaker');
    await first.end('SIGKILL');
    await expectHeardExactly(second);
  });

  it('a predecessor that is killed between its last word and its last sample', async () => {
    const first = await speaking();
    const second = await stack.start('speaker');
    const said = lastWord();
    void first.end();
    await said;
    await first.end('SIGKILL');
    await expectHeardExactly(second);
  });

  it('a successor that is killed while it stands by', async () => {
    const first = await speaking();
    const second = await stack.start('speaker');
    await second.end('SIGKILL');
    await expectHeardExactly(first);
  });

  it('a successor that is killed when its predecessor has said its last word', async () => {
    const first = await speaking();
    const second = await stack.start('speaker');
    const said = lastWord();
    void first.end();
    await said;
    await second.end('SIGKILL');
    expect(await first.exited).toBe(0);
    await expectHeardExactly(await stack.start('speaker'));
  });

  it('a successor that is killed when it has just begun to speak', async () => {
    const first = await speaking();
    const second = await stack.start('speaker');
    expect(await first.end()).toBe(0);
    await second.end('SIGKILL');
    await expectHeardExactly(await stack.start('speaker'));
  });

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'a broker that ends by %s while half of it is still to come',
    async (signal) => {
      const speaker = await stack.start('speaker');
      recording = await card.record('speaker', RATE_HZ);
      turn += 1;
      publish(0, 2);
      await playbacks.next(({ turn: of, state }) => of === turn && state === 'progress');
      await stack.broker.end(signal);
      // Into the void: what nobody carries now has to be asked for when the broker is back.
      publish(2, 3);
      await stack.restartBroker();
      publish(3, REPLY_SECONDS);
      await expectHeardExactly(speaker);
    },
  );
});
