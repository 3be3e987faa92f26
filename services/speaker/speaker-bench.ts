import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { toldOfSubscriptions } from '#shared/bus/told-of-subscriptions.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import type { Channel } from '#shared/contract/channel.ts';
import { type Playback, playback, type SpeakerState, speakerState } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import type { OutputHooks } from './outputs/output.ts';
import { startSpeaker } from './service.ts';

export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
/** A signal whose every sample tells its position (within 20,000). */
export const coded = (from: number, count: number) =>
  Int16Array.from({ length: count }, (_unused, index) => from + index + 1);

export interface BenchOptions {
  speak?: (text: string) => Promise<Int16Array>;
  hub?: MemoryHub;
  clock?: ManualClock;
  me?: string;
  dead?: Set<string>;
  /** The output is the predecessor's own. */
  continues?: boolean;
  /** Samples of the output that die with the process. */
  perishable?: number;
  /** Resolves when the output is open. */
  opening?: Promise<void>;
  /** Takes back from a queue of 60 ms. */
  takeBack?: (samples: number) => number;
  /** Resolves when the output has played out and is closed. */
  closing?: Promise<void>;
  /** What the broker has kept for a speaker comes as soon as that has subscribed to it. */
  subscribed?: (topic: string) => void;
}

/** Speakers for the tests of one file, in a state folder that is new for each test; what is still running after it is stopped. */
export function speakerBench() {
  let stateDir = '';
  const running = new Set<{ stop(): Promise<unknown> }>();
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'speaker-'));
  });
  afterEach(async () => {
    for (const each of [...running]) await each.stop();
    rmSync(stateDir, { recursive: true });
  });

  async function bench(options: BenchOptions = {}) {
    const { hub = new MemoryHub(), clock = manualClock(), me = '1:1', dead = new Set<string>() } = options;
    const meters = new Meters();
    const used: string[] = [];
    let device: OutputHooks | undefined;
    let isAlone = false;
    const speaker = await startSpeaker(
      {
        settings: loadSettings({ CORTEX_AUDIO_OUTPUT: 'null', CORTEX_STATE_DIR: stateDir }),
        log: createLog('speaker', 'silent'),
        clock,
        meters,
        bus: toldOfSubscriptions(hub.bus(), options.subscribed ?? (() => undefined)),
        fail: (error) => {
          throw error;
        },
        describe: (uses) => used.push(uses),
      },
      {
        processes: { me, isAlive: (identity) => !dead.has(identity) },
        speak: options.speak ?? (() => Promise.reject(new Error('no voice'))),
        openOutput: async (hooks) => {
          await options.opening;
          device = hooks;
          void hooks.alone().then(() => {
            isAlone = true;
          });
          return {
            name: 'test device',
            continues: options.continues === true,
            unheardSamples: () => 240,
            perishableSamples: () => options.perishable ?? 240,
            ...(options.takeBack && { takeBack: options.takeBack, retrievableSamples: () => 1_440 }),
            close: () => options.closing ?? Promise.resolve(),
          };
        },
      },
    );
    const bus = hub.bus();
    const heard: Playback[] = [];
    const states: SpeakerState[] = [];
    await bus.subscribe(playback, ({ payload }) => heard.push(payload));
    await bus.subscribe(speakerState, ({ payload }) => states.push(payload));
    const publisher = await startPcmPublisher(bus, { pcm: replyPcm, resend: replyResend }, 1_000_000);
    const it = {
      hub,
      bus,
      clock,
      meters,
      used,
      states,
      told: () => heard.map(({ turn: number, state, position }) => `${number} ${state} ${position}`),
      async say(stream: number, from: number, count: number, last = false) {
        publisher.publish({
          sampleRateHz: 24_000,
          stream,
          position: from,
          timeUs: 0,
          first: from === 0,
          last,
          resent: false,
          samples: coded(from, count),
        });
        await settled();
      },
      /** What the device gets for its next `count` samples. */
      async play(count: number) {
        const block = device?.source(count) ?? new Int16Array(0);
        device?.handedOver();
        await settled();
        return [...block];
      },
      async publish<Payload>(channel: Channel<Payload>, payload: Payload) {
        bus.publish(channel, payload);
        await settled();
      },
      /** Whether it knows that nobody else uses its output any more. */
      isAlone: () => isAlone,
      /** As SIGINT. Resolves when it has said its last word; what it still has to hand over has to be played. */
      async leave() {
        running.delete(it);
        void speaker.stop().then(() => dead.add(me));
        await settled();
      },
      /** As SIGINT; returns what was still handed to the device. */
      async stop() {
        running.delete(it);
        const stopping = speaker.stop();
        await settled();
        const rest = await it.play(4_800);
        dead.add(me);
        await stopping;
        return rest;
      },
      /** The thinker answers nobody any more. */
      silenceThinker: () => publisher.stop(),
      /** As SIGKILL: not another word, not another call. */
      async kill() {
        running.delete(it);
        dead.add(me);
        await settled();
      },
      lose: async () => {
        device?.lost(new CortexError('output-lost', 'unplugged'));
        await settled();
      },
    };
    running.add(it);
    return it;
  }

  return { bench, stateDir: () => stateDir };
}
