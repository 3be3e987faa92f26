import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { createResampler } from '#shared/audio/resampler.ts';
import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { session, turn } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { MICROPHONE_FRAME_SAMPLES, MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { SimulatorState } from '../../simulator/control/state-report.ts';
import type { RunningProcess } from './harness/processes.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const TEXT =
  'Please tell me how wide the stairs behind the fountain are, and which shops I pass on my way to the harbour.';
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'arecord'],
  'a handover of the microphone whose partner is killed',
  () => {
    let card: VirtualSoundCard;
    let stack: TestStack;
    let sentence: Int16Array;

    beforeAll(async () => {
      const { samples, sampleRateHz } = await speakWithEspeak(TEXT);
      sentence = (await createResampler(sampleRateHz, MICROPHONE_RATE_HZ)).process(samples);
      card = await createVirtualSoundCard();
      // No pause in the sentence ends it.
      stack = await startTestStack({ ...card.env, CORTEX_AUDIO_INPUT: 'alsa:default', VAD_MIN_SILENCE_MS: '1500' });
    });
    afterAll(async () => {
      await stack?.close();
      await card?.close();
    });

    async function listeners(): Promise<number> {
      return (await card.pactl('list', 'short', 'source-outputs')).split('\n').filter(Boolean).length;
    }

    /** Two processes that overlap in the middle of a sentence. */
    async function overlap(): Promise<{
      predecessor: RunningProcess;
      successor: RunningProcess;
      heard: () => Promise<{ states: string[]; gaps: number }>;
    }> {
      const speeches = await stack.watch(speech);
      const frames = await stack.watch(microphonePcm);
      const predecessor = await stack.start('audio-in');
      await expect.poll(listeners, { timeout: 10_000 }).toBe(1);
      const speaking = card.speak(sentence, MICROPHONE_RATE_HZ);
      await speeches.next(({ state }) => state === 'started');
      const successor = await stack.start('audio-in');
      expect(await listeners()).toBe(2);
      return {
        predecessor,
        successor,
        async heard() {
          await speaking;
          await expect.poll(() => speeches.seen.at(-1)?.payload.state, { timeout: 10_000 }).toBe('ended');
          const ends = new Map<number, number>();
          let gaps = 0;
          for (const { payload } of frames.seen.filter((frame) => !frame.payload.resent)) {
            if (payload.position !== (ends.get(payload.stream) ?? 0)) gaps += 1;
            ends.set(payload.stream, payload.position + payload.samples.length);
          }
          return { states: speeches.seen.map(({ payload }) => payload.state), gaps };
        },
      };
    }

    it('the predecessor, before it could leave: the successor listens on alone', async () => {
      const { predecessor, successor, heard } = await overlap();
      await predecessor.end('SIGKILL');
      const { states } = await heard();
      // What is said after the death is an utterance of the successor.
      expect(states.filter((state) => state === 'started')).toHaveLength(2);
      expect(await listeners()).toBe(1);
      await successor.end();
      expect(await listeners()).toBe(0);
    }, 60_000);

    it('the predecessor, at the moment it is told to leave', async () => {
      const { predecessor, successor, heard } = await overlap();
      process.kill(predecessor.pid, 'SIGINT');
      await predecessor.end('SIGKILL');
      const { states } = await heard();
      expect(states.at(-1)).toBe('ended');
      expect(await listeners()).toBe(1);
      await successor.end();
    }, 60_000);

    it('the successor, before it has taken over: the predecessor loses nothing', async () => {
      const { predecessor, successor, heard } = await overlap();
      await successor.end('SIGKILL');
      const { states, gaps } = await heard();
      expect(states, JSON.stringify([predecessor.log, successor.log])).toEqual(['possible', 'started', 'ended']);
      expect(gaps).toBe(0);
      expect(await listeners()).toBe(1);
      await predecessor.end();
    }, 60_000);
  },
);

describe('a handover of the conversation whose partner is killed', () => {
  let stack: TestStack;
  let microphone: PcmPublisher;
  let utterance = Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    stack = await startTestStack();
    await stack.start('live-sim');
    microphone = await startPcmPublisher(
      stack.connect('audio-in'),
      { pcm: microphonePcm, resend: microphoneResend },
      30 * MICROPHONE_RATE_HZ,
    );
  });
  afterAll(async () => {
    microphone?.stop();
    await stack?.close();
  });

  /** Samples that tell their places, at the speed of speech. */
  async function speak(seconds: number): Promise<number> {
    utterance += 1;
    for (let position = 0; position < seconds * MICROPHONE_RATE_HZ; position += MICROPHONE_FRAME_SAMPLES) {
      microphone.publish({
        sampleRateHz: MICROPHONE_RATE_HZ,
        stream: utterance,
        position,
        timeUs: Date.now() * 1000,
        first: position === 0,
        last: position + MICROPHONE_FRAME_SAMPLES >= seconds * MICROPHONE_RATE_HZ,
        resent: false,
        samples: Int16Array.from({ length: MICROPHONE_FRAME_SAMPLES }, (_none, at) => ((position + at) % 30_000) + 1),
      });
      await pause(20);
    }
    return utterance;
  }

  async function simulator(): Promise<SimulatorState> {
    const response = await fetch(`http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/state`);
    return (await response.json()) as SimulatorState;
  }

  it.each(['predecessor', 'successor'] as const)(
    'the %s, in the middle of a question',
    async (killed) => {
      const turns = await stack.watch(turn);
      const sessions = await stack.watch(session);
      const predecessor = await stack.start('thinker');
      await sessions.next(({ state }) => state === 'connected');
      const speaking = speak(4);
      await turns.next(({ state }) => state === 'listening');
      const successor = await stack.start('thinker');
      const [dead, alive] = killed === 'predecessor' ? [predecessor, successor] : [successor, predecessor];
      await dead.end('SIGKILL');
      const spoken = await speaking;
      await turns.next((report) => report.utterance === spoken && report.state === 'speaking');
      const { openSockets, mostAtOnce, sessions: all } = await simulator();
      expect({ openSockets, mostAtOnce }).toEqual({ openSockets: 1, mostAtOnce: 1 });
      expect(all.at(-1)?.activities.at(-1)?.seconds).toBe(4);
      await alive.end();
    },
    60_000,
  );
});
