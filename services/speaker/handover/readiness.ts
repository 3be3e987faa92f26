import type { Clock } from '#shared/time/clock.ts';
import { type PlayoutState, samplesOf } from '../playout/playout-state.ts';
import type { PlayoutRecord } from './playout-record.ts';

/**
 * Beside a predecessor: what cannot be opened in this time has to wait for its end. An aplay is joined in 50 ms, in a second on
 * a busy machine; a successor that is ready before that has its predecessor stop, and can only open its own, after a pause.
 */
const STANDBY_START_MS = 1_500;
/** As much of the reply must have come here before the predecessor may stop; a busy thinker needs a while to send it again. */
const STANDBY_AHEAD = samplesOf(200);

export interface Readiness {
  /** Resolves when the predecessor may be told to stop. Rejects as `attempted` does. */
  readonly ready: Promise<void>;
  /** Something has arrived, or there is nothing to wait for any more. */
  look(): void;
}

/** @param attempted resolves when the output is open, or is known not to open. @param caughtUp whether enough has come here. */
export function readyBesidePredecessor(clock: Clock, attempted: Promise<void>, caughtUp: () => boolean): Readiness {
  let look = (): void => undefined;
  const received = new Promise<void>((resolve) => {
    look = () => {
      if (caughtUp()) resolve();
    };
  });
  look();
  const late = new Promise<void>((resolve) => clock.after(STANDBY_START_MS, resolve));
  const ready = Promise.race([Promise.all([attempted, received]), late]).then(() => undefined);
  return { ready, look: () => look() };
}

/** Whether so much of what the predecessor plays has come here that its end would not be heard. */
export function hasCaughtUp(own: PlayoutState, predecessor: PlayoutRecord | undefined): boolean {
  return (predecessor?.turns ?? []).every(({ turn, position }) => {
    const mine = own.turns.find((plan) => plan.turn === turn);
    return !mine || mine.ended || mine.received >= position + STANDBY_AHEAD;
  });
}
