import type { Bus } from '#shared/bus/bus.ts';
import { type HandoverState, handover, level, microphonePcm } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import type { Log } from '#shared/log/log.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { Clock } from '#shared/time/clock.ts';
import { nextRole, type Role, type SuccessionEffect, type SuccessionEvent } from './succession.ts';

export interface HandoverOptions {
  bus: Bus;
  clock: Clock;
  log: Log;
  pid: number;
  /** Whether a process that has spoken on the bus is really there. */
  isAlive(pid: number): boolean;
  /** A process that is there, also where a broker that has been restarted meanwhile knows of nobody yet. */
  predecessor?: number | undefined;
  /** The microphone is ours, or will be when the captures are joined. */
  claimed(): void;
  /** Begin without a predecessor. */
  takeOver(): void;
  /** Join our capture to the predecessor's, and call `spliced` when it is done. @returns whether there is anything to join. */
  splice(left: HandoverState): boolean;
  closeDevice(): void;
  openDevice(): void;
  /** A frame that the predecessor published, perhaps once more: we answer for it when it is gone. */
  predecessorPublished(frame: PcmFrame): void;
}

export interface Handover {
  readonly role: Role;
  /** Whether another process is there that goes on when we leave. */
  readonly followed: boolean;
  /** Our device delivers: if nobody else has the microphone, it is ours. */
  listening(): void;
  spliced(): void;
  /** Tells the successor, if there is one, where we stopped. @returns whether there is one. */
  leave(state: () => Omit<HandoverState, 'state' | 'pid'>): boolean;
  stop(): void;
}

/**
 * A process with an open microphone shows its level five times a second; one that shows none this long has none. On a busy
 * machine a message may take a second, and who takes over too early has two listen and the older one cut its utterance.
 */
const SIGN_OF_LIFE_MS = 4_000;
/** Two processes that begin in the same moment hear each other's claim right after their own; the higher pid stays. */
const SAME_MOMENT_MS = 1_000;

/** A predecessor's goodbye overtakes its handover by up to half a second (`GOODBYE_MS`); one that was killed leaves none. */
const GOODBYE_TO_HANDOVER_MS = 1_000;

/** Follows on the bus who else is there, and says which of the two has the microphone. */
export async function startHandover(options: HandoverOptions): Promise<Handover> {
  const { bus, clock, log, pid, isAlive, predecessor } = options;
  const teardown = new Teardown();
  let role: Role = 'waiting';
  const others = new Set<number>(predecessor === undefined ? [] : [predecessor]);
  let signOfLifeMs = clock.nowMs();
  let claimedAtMs = Number.NEGATIVE_INFINITY;
  let overtakenBy: number | undefined;

  function happen(event: SuccessionEvent, left?: HandoverState): void {
    const before = role;
    const step = nextRole(role, event);
    role = step.role;
    if (role !== before) {
      log.info({ role, because: event.kind }, 'microphone handover');
      if (role === 'active' || role === 'splicing') options.claimed();
    }
    for (const effect of step.effects) perform(effect, left);
  }

  function perform(effect: SuccessionEffect, left: HandoverState | undefined): void {
    if (effect === 'takeOver') options.takeOver();
    if (effect === 'splice' && left && !options.splice(left)) happen({ kind: 'spliced' });
    if (effect === 'closeDevice') options.closeDevice();
    if (effect === 'openDevice') options.openDevice();
    if (effect !== 'announce') return;
    claimedAtMs = clock.nowMs();
    bus.publish(handover, { state: 'taken', pid });
  }

  function isAccompanied(): boolean {
    for (const other of others) if (!isAlive(other)) others.delete(other);
    return others.size > 0;
  }

  function gone(other: number): void {
    others.delete(other);
    if (overtakenBy === other) happen({ kind: 'successorGone' });
  }

  teardown.add(
    await bus.subscribe(atTopic(status, { service: 'audio-in' }), ({ payload }) => {
      if (payload.pid === pid) return;
      if (payload.state === 'online') {
        others.add(payload.pid);
        return;
      }
      gone(payload.pid);
      if (isAccompanied() || role !== 'waiting') return;
      teardown.add(clock.after(GOODBYE_TO_HANDOVER_MS, () => happen({ kind: 'predecessorGone' })));
    }),
  );
  teardown.add(
    await bus.subscribe(handover, ({ payload }) => {
      if (payload.pid === pid) return;
      if (payload.state === 'waiting') {
        others.add(payload.pid);
        return;
      }
      if (payload.state === 'gone') {
        gone(payload.pid);
        return;
      }
      if (payload.state === 'left') {
        others.delete(payload.pid);
        happen({ kind: 'predecessorLeft' }, payload);
        return;
      }
      // Our successor has been succeeded: it is no longer its end that would leave nobody listening.
      if (role === 'retired') overtakenBy = payload.pid;
      const together = clock.nowMs() - claimedAtMs < SAME_MOMENT_MS;
      if ((role !== 'active' && role !== 'splicing') || (together && pid > payload.pid)) return;
      overtakenBy = payload.pid;
      happen({ kind: 'successorTook' });
    }),
  );
  teardown.add(
    await bus.subscribe(level, () => {
      signOfLifeMs = clock.nowMs();
    }),
  );
  const endListening = await bus.subscribe(microphonePcm, ({ payload }) => {
    // Shown again by a predecessor as its last act, it may come behind the last word.
    if (role === 'waiting' || (role === 'splicing' && payload.resent)) options.predecessorPublished(payload);
  });
  teardown.add(endListening);
  teardown.add(
    clock.every(SIGN_OF_LIFE_MS / 3, () => {
      // Without a broker none can come. It is still listening, and would be told of us only afterwards.
      if (!bus.connected && isAccompanied()) signOfLifeMs = clock.nowMs();
      if (role === 'waiting' && clock.nowMs() - signOfLifeMs > SIGN_OF_LIFE_MS) happen({ kind: 'predecessorGone' });
      // Killed before the broker has said so, or made up by a faulty layer: nobody has the microphone.
      if (overtakenBy !== undefined && !isAlive(overtakenBy)) gone(overtakenBy);
    }),
  );

  // Said before we are ready: whoever is told to leave because of us knows then that somebody follows.
  if (isAccompanied()) bus.publish(handover, { state: 'waiting', pid });

  return {
    get role() {
      return role;
    },
    get followed() {
      return isAccompanied();
    },
    listening() {
      signOfLifeMs = clock.nowMs();
      happen({ kind: 'listening', predecessor: isAccompanied() });
    },
    spliced: () => happen({ kind: 'spliced' }),
    leave(state) {
      // Its status is silent about it: in a handover `offline` would be said of the service.
      if (role !== 'active') bus.publish(handover, { state: 'gone', pid });
      if (role !== 'active' || !isAccompanied()) return false;
      bus.publish(handover, { ...state(), state: 'left', pid });
      return true;
    },
    stop: () => void teardown.run(),
  };
}
