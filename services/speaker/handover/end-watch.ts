import type { Bus } from '#shared/bus/bus.ts';
import { playback } from '#shared/contract/speaker.ts';
import type { Processes } from '#shared/lifecycle/process-identity.ts';
import type { Clock } from '#shared/time/clock.ts';
import { NO_UNTOLD_ENDS, nextUntoldEnds, type TurnEnd, type UntoldEnds, type UntoldEndsEvent } from './untold-ends.ts';

const LOOK_MS = 50;

/** Sees to it that the end of a reply is told though the process that handed its last sample over has been killed. */
export interface EndWatch {
  /** Turns whose end the bus has heard of. */
  readonly told: readonly number[];
  /** `process` has these ends still to tell. See `Processes`. */
  leaveTo(process: string, ends: readonly TurnEnd[]): void;
  stop(): void;
}

/** @param tell tells an end that nobody else will. */
export async function watchEnds(
  { bus, clock, processes }: { bus: Bus; clock: Clock; processes: Processes },
  tell: (end: TurnEnd) => void,
): Promise<EndWatch> {
  let state: UntoldEnds = NO_UNTOLD_ENDS;
  let cancelLook = (): void => undefined;
  let predecessor = '';

  function happen(event: UntoldEndsEvent): void {
    const step = nextUntoldEnds(state, event);
    state = step.state;
    if (state.pending.length === 0) cancelLook();
    for (const end of step.tell) tell(end);
  }

  const look = (closing = false): void =>
    happen({ type: 'looked', predecessorAlive: processes.isAlive(predecessor), atMs: clock.nowMs(), closing });
  const endSubscription = await bus.subscribe(playback, ({ payload: { turn, state: what } }) => {
    if (what === 'finished' || what === 'interrupted') happen({ type: 'told', turn });
  });
  return {
    get told() {
      return state.told;
    },
    leaveTo(process, ends) {
      predecessor = process;
      cancelLook();
      happen({ type: 'left', ends });
      if (state.pending.length > 0) cancelLook = clock.every(LOOK_MS, () => look());
    },
    stop() {
      look(true);
      cancelLook();
      endSubscription();
    },
  };
}
