import type { Bus } from '#shared/bus/bus.ts';
import { speakerState } from '#shared/contract/speaker.ts';
import type { Processes } from '#shared/lifecycle/process-identity.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type PlayoutRecord, readPlayoutRecord } from './playout-record.ts';

/** The bus is quicker; this is for a broker that is away, and for a predecessor that dies without a word. */
const LOOK_MS = 10;
/** Within the last word, where the device has 30 ms left to play. */
const LAST_SAMPLES_LOOK_MS = 2;

export interface Predecessor {
  record: PlayoutRecord;
  alive: boolean;
}

/** What the record says of a process that is not this one, and whether it still lives. */
export function findPredecessor(path: string, { me, isAlive }: Processes): Predecessor | undefined {
  const record = readPlayoutRecord(path);
  if (!record || record.process === me) return undefined;
  if (isAlive(record.process)) return { record, alive: true };
  // It may have handed over more between the look at its record and its death.
  return { record: readPlayoutRecord(path) ?? record, alive: false };
}

/** Whether it still hands over samples: those of its last word, or as many as it likes. */
export function stillPlays(predecessor: Predecessor | undefined): boolean {
  return predecessor?.alive === true && (!predecessor.record.final || predecessor.record.toGo > 0);
}

/** Resolves when the predecessor has handed over its last sample, or has died. */
export function untilSilent(path: string, { clock, processes }: { clock: Clock; processes: Processes }): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.every(LAST_SAMPLES_LOOK_MS, look);
    function look(): void {
      if (stillPlays(findPredecessor(path, processes))) return;
      cancel();
      resolve();
    }
    look();
  });
}

/** Calls `leaves` once, with the last record, when the predecessor has said its last word or has died. Returns the stop. */
export async function watchPredecessor(
  path: string,
  { bus, clock, processes }: { bus: Bus; clock: Clock; processes: Processes },
  leaves: (found: Predecessor) => void,
): Promise<() => void> {
  let over = false;
  const look = (): void => {
    if (over) return;
    const found = findPredecessor(path, processes);
    if (!found || (found.alive && !found.record.final)) return;
    over = true;
    cancelLook();
    leaves(found);
  };
  const cancelLook = clock.every(LOOK_MS, look);
  const endSubscription = await bus.subscribe(speakerState, ({ payload }) => {
    if (payload.leaving) look();
  });
  return () => {
    over = true;
    cancelLook();
    endSubscription();
  };
}
