import type { Fallback } from '#shared/contract/control.ts';
import type { Failure, Session, Turn } from '#shared/contract/thinker.ts';
import { concernsTheService, failsEverywhere, inWords, whatToDo } from './failure-kinds.ts';

export type Level = Fallback['level'];

/** Which backend answers, and the evidence that may change it. */
export interface ServiceLevel {
  readonly current: Fallback;
  /** False: Live is switched off (LAYER2_MODE, ENABLE_LIVE_API, control/settings). */
  readonly liveWanted: boolean;
  /** Unix milliseconds since which the Live session has been up without a failure; absent while it is not. */
  readonly sessionUpSinceMs?: number;
  /** Failed turns in a row, by the backend that failed. */
  readonly failedTurns: { readonly live: number; readonly http: number };
  /** No return to a better level before this moment. */
  readonly holdUntilMs: number;
  /** How long the next loss will hold; doubles while losses follow each other. */
  readonly holdMs: number;
  /** A session that has stood for so long ends the hold; doubles while losses of Live follow each other. */
  readonly proofMs: number;
  /** Turns that are under way, with the Unix milliseconds of their last sign of life. */
  readonly openTurns: ReadonlyMap<number, number>;
  /** Going from offline to HTTP is a guess until a turn has succeeded there. */
  readonly onTrial: boolean;
  /** What cost the better level. */
  readonly lostTo?: Loss;
  /** `session`: one that stays up shows that Live is mended. `turn`: only an answer can show that. */
  readonly liveLostBy?: 'session' | 'turn';
}

export interface Loss {
  /** The kind of failure. */
  readonly kind: string;
  /** In words for the user, where waiting does not help. */
  readonly toDo?: string;
}

export type LevelEvent = { atMs: number } & (
  | { type: 'sessionReported'; session: Session }
  | { type: 'turnReported'; turn: Turn }
  | { type: 'liveSwitched'; wanted: boolean }
  | { type: 'thinkerLeft' }
  /** Another process than before: somebody may have mended a setting. */
  | { type: 'thinkerArrived' }
  | { type: 'timePassed' }
);

/** Attempts in a row without a session before Live counts as lost: 1 + 2 + 4 + 8 s of trying. */
const LOST_AFTER_ATTEMPTS = 5;
/** One failed turn is an accident. */
const LOST_AFTER_TURNS = 2;
/** A session must stay up this long before it is trusted with a turn again. */
const STABLE_MS = 3_000;
/** A session that was lost and has stayed up for this long is trusted whatever the hold, which grows below Live as well. */
const FIRST_PROOF_MS = 15_000;
const FIRST_HOLD_MS = 10_000;
const LONGEST_HOLD_MS = 300_000;
/** Live for this long, and the next loss is a new story. */
const FORGIVEN_AFTER_MS = 600_000;
/** Offline this long, HTTP is worth another try (times the doubling of the hold). */
const HTTP_RETRY_FACTOR = 6;
/** A turn nobody has reported on for this long has died with its thinker. */
const TURN_LOST_MS = 60_000;

export const SWITCHED_OFF = 'live mode is switched off';

/** @param found the level a former router left behind; it stands, so that a restart changes nothing. */
export function initialLevel(found: Fallback | undefined, liveWanted: boolean, atMs: number): ServiceLevel {
  const outdated =
    found === undefined || (liveWanted && found.reason === SWITCHED_OFF) || (!liveWanted && found.level === 'live');
  const fresh: Fallback = liveWanted
    ? { level: 'live', reason: 'started', since: atMs }
    : { level: 'http', reason: SWITCHED_OFF, since: atMs };
  return {
    current: outdated ? fresh : found,
    liveWanted,
    failedTurns: { live: 0, http: 0 },
    holdUntilMs: 0,
    holdMs: FIRST_HOLD_MS,
    proofMs: FIRST_PROOF_MS,
    openTurns: new Map(),
    onTrial: false,
  };
}

/** The level after an event. It changes downwards at once, upwards only between turns. */
export function nextLevel(state: ServiceLevel, event: LevelEvent): ServiceLevel {
  switch (event.type) {
    case 'sessionReported':
      return climb(sessionReported(state, event.session, event.atMs), event.atMs);
    case 'turnReported':
      return climb(turnReported(state, event.turn, event.atMs), event.atMs);
    case 'liveSwitched':
      return liveSwitched(state, event.wanted, event.atMs);
    case 'thinkerLeft':
      return { ...withoutSession(state), openTurns: new Map() };
    case 'thinkerArrived':
      return withoutGrudge(state);
    case 'timePassed':
      return climb(forgetLostTurns(state, event.atMs), event.atMs);
  }
}

function sessionReported(state: ServiceLevel, session: Session, atMs: number): ServiceLevel {
  if (session.state === 'connected') return { ...state, sessionUpSinceMs: state.sessionUpSinceMs ?? atMs };
  // A session that rests, or moves to a new connection, has not failed.
  if (session.state === 'idle' || session.state === 'resuming') return state;
  const down = withoutSession(state);
  const failure = session.error ?? UNNAMED;
  const triedEnough = session.attempt >= LOST_AFTER_ATTEMPTS || failure.kind === 'quota';
  const lost = session.state === 'failed' || (session.state === 'backoff' && triedEnough);
  if (!lost || !state.liveWanted) return down;
  return fall(down, failsEverywhere(failure.kind) ? 'offline' : 'http', failure, atMs, 'session');
}

function turnReported(state: ServiceLevel, turn: Turn, atMs: number): ServiceLevel {
  const over = turn.state === 'done' || turn.state === 'interrupted' || turn.state === 'failed';
  const openTurns = new Map(state.openTurns);
  if (over) openTurns.delete(turn.turn);
  else openTurns.set(turn.turn, atMs);
  const after = { ...state, openTurns };
  if (turn.state === 'done') return succeeded(after, turn, atMs);
  if (turn.state === 'failed') return failed(after, turn.backend, turn.error ?? UNNAMED, atMs);
  return after;
}

/** An answer from a lower backend than the present one is a success down there and a failure of all above it. */
function succeeded(state: ServiceLevel, turn: Turn, atMs: number): ServiceLevel {
  const failure = turn.error ?? UNNAMED;
  if (turn.backend === 'live') return { ...state, failedTurns: { live: 0, http: 0 } };
  if (turn.backend === 'http') {
    const proven = { ...state, failedTurns: { ...state.failedTurns, http: 0 }, onTrial: false };
    return state.current.level === 'live' ? failed(proven, 'live', failure, atMs) : proven;
  }
  return state.current.level === 'offline' ? state : failed(state, state.current.level, failure, atMs);
}

function failed(state: ServiceLevel, backend: Level, failure: Failure, atMs: number): ServiceLevel {
  const { kind } = failure;
  if (backend === 'offline' || backend !== state.current.level || !concernsTheService(kind)) return state;
  const failedTurns = { ...state.failedTurns, [backend]: state.failedTurns[backend] + 1 };
  const after = { ...state, failedTurns };
  const lost = failedTurns[backend] >= LOST_AFTER_TURNS || kind === 'quota' || failsEverywhere(kind) || state.onTrial;
  if (!lost) return after;
  return fall(after, backend === 'http' || failsEverywhere(kind) ? 'offline' : 'http', failure, atMs, 'turn');
}

const HEIGHT: Record<Level, number> = { offline: 0, http: 1, live: 2 };

const UNNAMED: Failure = { kind: 'transient', message: '', retryable: true };

function fall(state: ServiceLevel, level: Level, failure: Failure, atMs: number, by: 'session' | 'turn'): ServiceLevel {
  const { current } = state;
  const toDo = whatToDo(failure);
  const loss: Loss = { kind: failure.kind, ...(toDo !== undefined && { toDo }) };
  // What keeps the level down is no longer what brought it down, and now a person must act.
  if (level === current.level && loss.toDo !== undefined) {
    const reason = inWords(loss.kind);
    return { ...state, lostTo: loss, ...(reason !== current.reason && { current: { ...current, reason } }) };
  }
  if (HEIGHT[level] >= HEIGHT[current.level]) return state;
  const heldLong = state.current.level === 'live' && atMs - state.current.since > FORGIVEN_AFTER_MS;
  const holdMs = heldLong ? FIRST_HOLD_MS : state.holdMs;
  return {
    ...state,
    current: { level, reason: inWords(loss.kind), since: atMs },
    failedTurns: { live: 0, http: 0 },
    holdUntilMs: atMs + holdMs,
    holdMs: Math.min(LONGEST_HOLD_MS, holdMs * 2),
    onTrial: false,
    lostTo: loss,
    ...(current.level === 'live' && { liveLostBy: by, proofMs: proofAfter(state, loss, heldLong) }),
  };
}

/** A server that comes and goes has to stand longer each time. A quota is not unsteady: when its time is over, it is over. */
function proofAfter({ liveLostBy, proofMs }: ServiceLevel, { kind }: Loss, heldLong: boolean): number {
  if (liveLostBy === undefined || heldLong || kind === 'quota') return FIRST_PROOF_MS;
  return Math.min(LONGEST_HOLD_MS, proofMs * 2);
}

function climb(state: ServiceLevel, atMs: number): ServiceLevel {
  const { current, liveWanted, sessionUpSinceMs, openTurns, holdUntilMs, lostTo, liveLostBy } = state;
  if (openTurns.size > 0 || current.level === 'live') return state;
  const upMs = sessionUpSinceMs === undefined ? 0 : atMs - sessionUpSinceMs;
  const proven = liveLostBy === 'session' && upMs >= state.proofMs;
  if (atMs < holdUntilMs && !proven) return state;
  if (liveWanted && upMs >= STABLE_MS) return moveTo(state, 'live', 'the connection is back', atMs);
  const retryAtMs = current.since + (state.holdMs / 2) * HTTP_RETRY_FACTOR;
  const hopeless = lostTo !== undefined && failsEverywhere(lostTo.kind);
  if (current.level === 'offline' && !hopeless && atMs >= retryAtMs) {
    const reason = liveWanted ? current.reason : SWITCHED_OFF;
    return { ...moveTo(state, 'http', reason, atMs), onTrial: true };
  }
  return state;
}

function moveTo(state: ServiceLevel, level: Level, reason: string, atMs: number): ServiceLevel {
  return { ...state, current: { level, reason, since: atMs }, failedTurns: { live: 0, http: 0 }, onTrial: false };
}

function liveSwitched(state: ServiceLevel, wanted: boolean, atMs: number): ServiceLevel {
  if (wanted === state.liveWanted) return state;
  const after = { ...state, liveWanted: wanted };
  if (!wanted) return state.current.level === 'live' ? moveTo(after, 'http', SWITCHED_OFF, atMs) : after;
  // Somebody asked for Live: no hold from before stands in the way, and a broken session will say so.
  return state.current.reason === SWITCHED_OFF ? moveTo(after, 'live', 'live mode is switched on', atMs) : after;
}

function forgetLostTurns(state: ServiceLevel, atMs: number): ServiceLevel {
  const openTurns = new Map([...state.openTurns].filter(([, lifeAtMs]) => atMs - lifeAtMs < TURN_LOST_MS));
  return openTurns.size === state.openTurns.size ? state : { ...state, openTurns };
}

/** What its predecessor went through says nothing of the new one; its session decides how soon. */
function withoutGrudge(state: ServiceLevel): ServiceLevel {
  const { lostTo: _loss, liveLostBy: _by, ...fresh } = state;
  return { ...fresh, failedTurns: { live: 0, http: 0 }, holdUntilMs: 0, holdMs: FIRST_HOLD_MS, openTurns: new Map() };
}

function withoutSession({ sessionUpSinceMs: _since, ...state }: ServiceLevel): ServiceLevel {
  return state;
}
