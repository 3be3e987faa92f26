/** A turn of a predecessor, handed over to its last sample. */
export interface TurnEnd {
  readonly turn: number;
  readonly position: number;
}

/** Ends of turns that a predecessor was to tell, and what the bus has heard of ends. */
export interface UntoldEnds {
  readonly pending: readonly TurnEnd[];
  /** Turns whose end has been told, by whomever. Bounded; the longest gone is forgotten first. */
  readonly told: readonly number[];
  /** When the predecessor was first seen to be dead. */
  readonly deadSinceMs?: number;
}

export type UntoldEndsEvent =
  | { type: 'told'; turn: number }
  /** The predecessor has left these to itself: it tells them when its device has played them. */
  | { type: 'left'; ends: readonly TurnEnd[] }
  /** `closing`: this process ends and will not look again. */
  | { type: 'looked'; predecessorAlive: boolean; atMs: number; closing?: boolean };

export const NO_UNTOLD_ENDS: UntoldEnds = { pending: [], told: [] };

/** A process that died may have told it just before: what it wrote last is still on its way through the broker. */
const ON_ITS_WAY_MS = 500;
const MAX_TOLD = 64;

/** Which ends are now ours to tell, so that each is told once: those that a dead predecessor has not told. */
export function nextUntoldEnds(state: UntoldEnds, event: UntoldEndsEvent): { state: UntoldEnds; tell: TurnEnd[] } {
  switch (event.type) {
    case 'told': {
      const told = [...state.told.filter((turn) => turn !== event.turn), event.turn].slice(-MAX_TOLD);
      return { state: { ...state, told, pending: state.pending.filter(({ turn }) => turn !== event.turn) }, tell: [] };
    }
    case 'left': {
      const pending = event.ends.filter(({ turn }) => !state.told.includes(turn));
      return { state: { pending, told: state.told }, tell: [] };
    }
    case 'looked': {
      const { predecessorAlive, atMs, closing = false } = event;
      if (state.pending.length === 0 || predecessorAlive) return { state, tell: [] };
      const { deadSinceMs = atMs } = state;
      if (!closing && atMs - deadSinceMs < ON_ITS_WAY_MS) return { state: { ...state, deadSinceMs }, tell: [] };
      return { state: { pending: [], told: state.told }, tell: [...state.pending] };
    }
  }
}
