/** Whether the user knows that the camera is away. */
export interface Outage {
  readonly sinceMs?: number;
  readonly announced: boolean;
}

export type OutageEvent = {
  readonly type: 'lost' | 'live' | 'closed' | 'ticked';
  readonly atMs: number;
};

/** Shorter outages mend themselves before anybody could do something about them. */
const ANNOUNCE_AFTER_MS = 8_000;

export const NO_OUTAGE: Outage = { announced: false };

/** News once per outage: `away` when the camera stays away, `back` when it is there again after that. */
export function watchOutage(state: Outage, { type, atMs }: OutageEvent): { state: Outage; news?: 'away' | 'back' } {
  switch (type) {
    case 'lost':
      return { state: { sinceMs: atMs, ...state } };
    case 'closed':
      return { state: NO_OUTAGE };
    case 'live':
      return { state: NO_OUTAGE, ...(state.announced && { news: 'back' as const }) };
    case 'ticked': {
      const due = state.sinceMs !== undefined && !state.announced && atMs - state.sinceMs >= ANNOUNCE_AFTER_MS;
      return due ? { state: { ...state, announced: true }, news: 'away' } : { state };
    }
  }
}
