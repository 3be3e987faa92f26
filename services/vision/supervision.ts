/** What the supervisor of the camera believes. */
export type Supervision =
  | { readonly phase: 'closed' }
  | { readonly phase: 'starting'; readonly sinceMs: number; readonly failures: number }
  | {
      readonly phase: 'live';
      readonly sinceMs: number;
      readonly lastPictureAtMs: number;
      readonly failures: number;
    }
  | { readonly phase: 'waiting'; readonly untilMs: number; readonly failures: number };

export type SupervisionEvent =
  | { readonly type: 'wanted'; readonly atMs: number }
  | { readonly type: 'unwanted'; readonly atMs: number }
  /** A picture came and could be decoded; mere bytes are no sign of life. */
  | { readonly type: 'pictureDecoded'; readonly atMs: number }
  | { readonly type: 'ended'; readonly atMs: number; readonly reason: string }
  | { readonly type: 'ticked'; readonly atMs: number };

export type SupervisionEffect =
  | { readonly type: 'open' }
  | { readonly type: 'close' }
  | { readonly type: 'reportLost'; readonly reason: string; readonly retryInMs: number; readonly failures: number }
  | { readonly type: 'reportLive' };

/** Together with the tick a stall is noticed within two seconds. */
const STALLED_MS = 1_600;
export const TICK_MS = 200;
const FIRST_RETRY_MS = 250;
export const LONGEST_RETRY_MS = 10_000;
/** A hanging start is noticed as fast as a stall; each time in a row it gets twice as long, for cameras that are slow to wake. */
const LONGEST_START_MS = 10_000;
/** A camera that dies sooner than this after its first picture is not well yet, and the backoff goes on. */
const WELL_AFTER_MS = 5_000;

export const CLOSED: Supervision = { phase: 'closed' };

/** Opens what is wanted, restarts what ended, stalls or hangs, with a backoff that doubles from 250 ms to `longestRetryMs`. */
export function supervise(
  state: Supervision,
  event: SupervisionEvent,
  longestRetryMs = LONGEST_RETRY_MS,
): { state: Supervision; effects: SupervisionEffect[] } {
  switch (event.type) {
    case 'wanted':
      return state.phase === 'closed' ? start(event.atMs, 0) : { state, effects: [] };
    case 'unwanted':
      return { state: CLOSED, effects: isOpen(state) ? [{ type: 'close' }] : [] };
    case 'pictureDecoded':
      return pictureDecoded(state, event.atMs);
    case 'ended':
      return isOpen(state) ? lose(state, event.atMs, event.reason, longestRetryMs) : { state, effects: [] };
    case 'ticked':
      return ticked(state, event.atMs, longestRetryMs);
  }
}

type OpenPhase = Extract<Supervision, { phase: 'starting' | 'live' }>;

function isOpen(state: Supervision): state is OpenPhase {
  return state.phase === 'starting' || state.phase === 'live';
}

function start(atMs: number, failures: number): { state: Supervision; effects: SupervisionEffect[] } {
  return { state: { phase: 'starting', sinceMs: atMs, failures }, effects: [{ type: 'open' }] };
}

function pictureDecoded(state: Supervision, atMs: number): { state: Supervision; effects: SupervisionEffect[] } {
  if (state.phase === 'live') return { state: { ...state, lastPictureAtMs: atMs }, effects: [] };
  if (state.phase !== 'starting') return { state, effects: [] };
  const { failures } = state;
  return {
    state: { phase: 'live', sinceMs: atMs, lastPictureAtMs: atMs, failures },
    effects: [{ type: 'reportLive' }],
  };
}

function ticked(
  state: Supervision,
  atMs: number,
  longestRetryMs: number,
): { state: Supervision; effects: SupervisionEffect[] } {
  if (state.phase === 'waiting' && atMs >= state.untilMs) return start(atMs, state.failures);
  if (state.phase === 'live' && atMs - state.lastPictureAtMs >= STALLED_MS) {
    return lose(state, atMs, `no picture for ${STALLED_MS} ms`, longestRetryMs);
  }
  if (state.phase === 'starting') {
    const allowedMs = Math.min(STALLED_MS * 2 ** state.failures, LONGEST_START_MS);
    if (atMs - state.sinceMs >= allowedMs)
      return lose(state, atMs, `no first picture within ${allowedMs} ms`, longestRetryMs);
  }
  return { state, effects: [] };
}

function lose(
  state: OpenPhase,
  atMs: number,
  reason: string,
  longestRetryMs: number,
): { state: Supervision; effects: SupervisionEffect[] } {
  const wasWell = state.phase === 'live' && atMs - state.sinceMs >= WELL_AFTER_MS;
  const failures = wasWell ? 1 : state.failures + 1;
  const retryInMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), longestRetryMs);
  return {
    state: { phase: 'waiting', untilMs: atMs + retryInMs, failures },
    effects: [{ type: 'close' }, { type: 'reportLost', reason, retryInMs, failures }],
  };
}
