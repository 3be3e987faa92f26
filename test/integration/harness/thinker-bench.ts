import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import { type Alert, alert, playback } from '#shared/contract/speaker.ts';
import {
  replyPcm,
  type Session,
  session,
  type Transcript,
  type Turn,
  transcript,
  turn,
} from '#shared/contract/thinker.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { systemClock } from '#shared/time/clock.ts';
import { startThinker, type ThinkerPolicies } from '../../../services/thinker/service.ts';
import { createGeminiSimulator, type GeminiSimulator } from '../../../simulator/gemini-simulator.ts';
import type { Scenario } from '../../../simulator/scenario/scenario.ts';

const RATE_HZ = 16_000;
const FRAME_SAMPLES = RATE_HZ / 50;

/** Quick enough for a test, the rhythm of the real server otherwise. */
export const QUICK = {
  setup: { medianMs: 20, p95Ms: 30 },
  firstAudio: { medianMs: 40, p95Ms: 60 },
  speed: 40,
  playbackShare: 0,
} as const;

/** A thinker in this process between an in-memory bus and a simulator, and everything it published. */
export interface ThinkerBench {
  simulator: GeminiSimulator;
  bus: Bus;
  hub: MemoryHub;
  meters: Meters;
  stateDir: string;
  turns: Turn[];
  transcripts: Transcript[];
  sessions: Session[];
  alerts: Alert[];
  frames: PcmFrame[];
  /** Speaks an utterance of this many seconds of a coded signal, all at once unless paced. Returns its number. */
  speak(seconds: number, options?: { paced?: boolean; open?: boolean; firstSample?: number }): Promise<number>;
  /** Says on `control/interrupt` what audio-in says of a barge-in. */
  bargeIn(utterance: number): void;
  heard(turn: number, positionSamples: number, state: 'progress' | 'finished' | 'interrupted'): void;
  /** Resolves with the first match, among what has been published or will be; rejects after `withinMs`. */
  until<Item>(list: readonly Item[], matches: (item: Item) => boolean, withinMs?: number): Promise<Item>;
  /** Silence on the last stream, in real time, as an open microphone sends it. */
  quiet(seconds: number): Promise<void>;
  clockNow(): number;
  /** @param meanwhile what happens while no thinker runs. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>;
  /** Starts a second thinker beside the first, as a reload does; the returned function ends the first. */
  overlap(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export async function thinkerBench(
  options: {
    scenario?: Scenario;
    environment?: Record<string, string>;
    policies?: ThinkerPolicies;
    deafSpeaker?: boolean /** The way to the simulator's port. */;
    route?: (port: number) => Promise<string>;
  } = {},
): Promise<ThinkerBench> {
  const stateDir = mkdtempSync(join(tmpdir(), 'thinker-'));
  const scenario = { timing: QUICK, ...options.scenario };
  const simulator = await createGeminiSimulator({ scenario, seed: 7, voice: async () => new Int16Array(24_000) });
  const hub = new MemoryHub();
  const bus = hub.bus();
  const meters = new Meters();
  const clock = systemClock();
  const lists = {
    turns: [] as Turn[],
    transcripts: [] as Transcript[],
    sessions: [] as Session[],
    alerts: [] as Alert[],
    frames: [] as PcmFrame[],
  };
  await bus.subscribe(turn, ({ payload }) => lists.turns.push(payload));
  await bus.subscribe(transcript, ({ payload }) => lists.transcripts.push(payload));
  await bus.subscribe(session, ({ payload }) => lists.sessions.push(payload));
  await bus.subscribe(alert, ({ payload }) => lists.alerts.push(payload));
  await bus.subscribe(replyPcm, ({ payload }) => {
    lists.frames.push(payload);
    // A loudspeaker that plays everything in no time, so that turns end with their last frame.
    const { stream, position, samples, last, first } = payload;
    const end = position + samples.length;
    if (options.deafSpeaker || !(first || last)) return;
    const state = last ? 'finished' : 'started';
    bus.publish(playback, { turn: stream, state, position: end, playedMs: end / 24, at: clock.nowMs() });
  });
  const microphone: PcmPublisher = await startPcmPublisher(
    bus,
    { pcm: microphonePcm, resend: microphoneResend },
    30 * RATE_HZ,
  );
  const settings = loadSettings({
    GEMINI_BASE_URL: (await options.route?.(simulator.port)) ?? simulator.url,
    GEMINI_API_KEY: 'test-key',
    CORTEX_STATE_DIR: stateDir,
    ...options.environment,
  });
  const start = async (): Promise<Running> =>
    startThinker(
      {
        settings,
        clock,
        meters,
        log: createLog('thinker', process.env['TEST_LOG'] ?? 'silent'),
        bus: hub.bus(),
        fail: (error) => {
          throw error;
        },
        describe: () => undefined,
      },
      options.policies,
    );
  let running = await start();
  let utterance = Math.floor(clock.nowMs() / 1000);

  return {
    simulator,
    bus,
    hub,
    meters,
    stateDir,
    ...lists,
    async speak(seconds, { paced = false, open = false, firstSample = 0 } = {}) {
      utterance += 1;
      const me = utterance;
      const at = () => clock.nowMs();
      bus.publish(speech, { utterance: me, state: 'possible', probability: 0.9, speechMs: 64, at: at() });
      bus.publish(speech, { utterance: me, state: 'started', probability: 0.9, speechMs: 250, at: at() });
      const total = Math.round(seconds * RATE_HZ);
      for (let position = 0; position < total; position += FRAME_SAMPLES) {
        const length = Math.min(FRAME_SAMPLES, total - position);
        // Each sample says where it stands, so that a recording proves that none is lost, doubled or out of order.
        const samples = Int16Array.from({ length }, (_unused, i) => ((firstSample + position + i) % 30_000) + 1);
        const last = !open && position + length >= total;
        microphone.publish({
          sampleRateHz: RATE_HZ,
          stream: me,
          position,
          timeUs: Math.round(at() * 1000),
          first: position === 0,
          last,
          resent: false,
          samples,
        });
        if (paced) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (!open)
        bus.publish(speech, { utterance: me, state: 'ended', probability: 0.1, speechMs: seconds * 1000, at: at() });
      return me;
    },
    bargeIn(heardUtterance) {
      bus.publish(interrupt, {
        id: `b${heardUtterance}`,
        source: 'barge-in',
        utterance: heardUtterance,
        at: clock.nowMs(),
      });
    },
    heard(turnNumber, position, state) {
      bus.publish(playback, { turn: turnNumber, state, position, playedMs: position / 24, at: clock.nowMs() });
    },
    async until(list, matches, withinMs = 15_000) {
      const giveUpAtMs = clock.nowMs() + withinMs;
      for (;;) {
        const found = list.find(matches);
        if (found !== undefined) return found;
        if (clock.nowMs() > giveUpAtMs) throw new Error(`not seen in ${withinMs} ms: ${matches}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async quiet(seconds) {
      const stream = utterance + 1_000;
      for (let position = 0; position < seconds * RATE_HZ; position += FRAME_SAMPLES) {
        const samples = new Int16Array(FRAME_SAMPLES);
        const first = position === 0;
        microphone.publish({
          sampleRateHz: RATE_HZ,
          stream,
          position,
          timeUs: 0,
          first,
          last: false,
          resent: false,
          samples,
        });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    clockNow: () => clock.nowMs(),
    async restart(meanwhile) {
      await running.stop();
      await meanwhile?.();
      running = await start();
    },
    async overlap() {
      const predecessor = running;
      running = await start();
      return async () => {
        await predecessor.handOver?.();
        await predecessor.stop();
      };
    },
    async stop() {
      await running.stop();
      microphone.stop();
      await simulator.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
