import type { Bus } from '#shared/bus/bus.ts';
import type { Resend } from '#shared/contract/audio-in.ts';
import type { Channel } from '#shared/contract/channel.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { PcmFrame } from './frame.ts';
import {
  type AssemblerEffect,
  type AssemblerEvent,
  type AssemblerPolicy,
  emptyAssembler,
  nextAssembler,
} from './pcm-assembler.ts';

/** What the owner of a receiver gets: everything but the questions, which the receiver asks itself. */
export type ReceivedPcm = Exclude<AssemblerEffect, { type: 'ask' }>;

export interface PcmReceiver {
  /** Asks for a stream from `from` on, whether or not a frame of it has been seen. */
  expect(stream: number, from: number): void;
  /** Nothing new comes of the stream any more: it ends with what there is of it. */
  close(stream: number): void;
  /** Whether anything of it has come and more is waited for. */
  awaits(stream: number): boolean;
  /** Drops this stream and all older ones, now and for ever. */
  forget(upToStream: number): void;
  stop(): void;
}

export interface PcmReceiverOptions {
  clock: Clock;
  meters: Meters;
  policy: AssemblerPolicy;
  /** This stream and all older ones are over before anything is heard. */
  settled?: number;
}

/** How often gaps are looked at while no frame comes. */
const TICK_MS = 50;
const HELD_UP_MS = 1_000;

/** Subscribes to repairable PCM. `listener` sees each stream in order, without gap or repetition. */
export async function startPcmReceiver(
  bus: Bus,
  channels: { pcm: Channel<PcmFrame>; resend: Channel<Resend> },
  { clock, meters, policy, settled = -1 }: PcmReceiverOptions,
  listener: (received: ReceivedPcm) => void,
): Promise<PcmReceiver> {
  let state = { ...emptyAssembler, forgottenUpTo: settled };
  let awayMs = 0;
  let awaySinceMs: number | undefined;
  let lookedAtMs = clock.nowMs();

  /** Stands still while the broker is away: nobody could ask or answer, so nothing is given up for it, nor asked over and over. */
  function nowMs(): number {
    // As little while this process was held up, or where the machine has only now learnt the time.
    const passedMs = clock.nowMs() - lookedAtMs;
    if (passedMs > HELD_UP_MS && awaySinceMs === undefined) awayMs += passedMs;
    lookedAtMs += passedMs;
    return (awaySinceMs ?? lookedAtMs) - awayMs;
  }

  function feed(event: AssemblerEvent): void {
    const step = nextAssembler(state, event, policy);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type === 'ask') {
        meters.count('pcmResendsAsked');
        bus.publish(channels.resend, { stream: effect.stream, from: effect.from });
        continue;
      }
      if (effect.type === 'lost') meters.count('pcmSamplesLost', effect.to - effect.from);
      listener(effect);
    }
  }

  const endConnection = bus.onConnection((connected) => {
    if (!connected) awaySinceMs ??= nowMs() + awayMs;
    else if (awaySinceMs !== undefined) {
      awayMs += clock.nowMs() - awaySinceMs;
      awaySinceMs = undefined;
    }
  });
  const end = await bus.subscribe(channels.pcm, ({ payload }) =>
    feed({ type: 'frame', frame: payload, atMs: nowMs() }),
  );
  const cancelTick = clock.every(TICK_MS, () => feed({ type: 'tick', atMs: nowMs() }));
  return {
    expect: (stream, from) => feed({ type: 'expect', stream, from, atMs: nowMs() }),
    close: (stream) => feed({ type: 'close', stream, atMs: nowMs() }),
    awaits: (stream) => state.streams.has(stream),
    forget: (upToStream) => feed({ type: 'forget', upToStream }),
    stop() {
      end();
      endConnection();
      cancelTick();
    },
  };
}
