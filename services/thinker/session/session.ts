import { type ClassifiedFailure, classifyFailure } from '../failure.ts';
import { backoffMs } from './backoff.ts';
import { boundaryMs } from './session-due.ts';
import type {
  Aftermath,
  Handle,
  Phase,
  SessionEffect,
  SessionEvent,
  SessionPolicy,
  SessionState,
} from './session-state.ts';

interface Step {
  state: SessionState;
  effects: SessionEffect[];
}

const TIMED_OUT = classifyFailure({ over: 'live', sign: 'overdue', reason: '' });

/**
 * The life of the connection: opening, rotation, health, backoff. Pure. One connection at a time: `open` is only ever
 * asked for when the one before has ended.
 */
export function nextSession(state: SessionState, event: SessionEvent, policy: SessionPolicy): Step {
  switch (event.type) {
    case 'wanted':
      return wanted({ ...state, usedAtMs: event.atMs }, event.atMs, policy);
    case 'enabled':
      return enabled(state, event.enabled, event.atMs, policy);
    case 'busyChanged': {
      const handleCurrent = event.busy ? false : state.handleCurrent;
      return passTime({ ...state, busy: event.busy, usedAtMs: event.atMs, handleCurrent }, event.atMs, 0.5, policy);
    }
    case 'toolsChanged':
      return passTime({ ...state, toolsOutdated: true, toolsAllowed: true }, event.atMs, 0.5, policy);
    case 'timePassed':
      return passTime(state, event.atMs, event.jitter, policy);
    case 'closed':
      if (!isPresent(state, event.connection)) return stay(state);
      return closed(state, event.failure, event.atMs, event.jitter, policy);
    default:
      break;
  }
  if (!isPresent(state, event.connection)) return stay(state);
  switch (event.type) {
    case 'progressed':
      if (state.phase.name !== 'opening') return stay(state);
      return stay({ ...state, phase: { ...state.phase, deadlineMs: event.atMs + policy.setupTimeoutMs } });
    case 'opened':
      return opened(state, event.atMs, policy);
    case 'heard':
      return stay(heard(state));
    case 'answered':
      if (state.phase.name !== 'open') return stay(state);
      return stay({ ...state, attempt: 0, phase: { ...state.phase, answered: true } });
    case 'handleUpdated':
      return handleUpdated(state, event.handle, event.atMs, policy);
    case 'goingAway': {
      if (state.phase.name !== 'open') return stay(state);
      const { phase } = state;
      const rotateByMs = Math.min(phase.rotateByMs, event.atMs + event.timeLeftMs * GO_AWAY_SHARE);
      const announced = { ...state, phase: { ...phase, rotateAfterMs: event.atMs, rotateByMs } };
      return withCount(passTime(announced, event.atMs, 0.5, policy), 'goAways');
    }
    case 'gaveUpOn':
      if (state.phase.name !== 'open') return stay(state);
      return close(state, 'reopen', event.atMs, policy);
  }
}

/** Of the time a `goAway` leaves us, the share that is used to find a turn boundary; the rest is for closing in order. */
const GO_AWAY_SHARE = 0.8;

function wanted(state: SessionState, atMs: number, policy: SessionPolicy): Step {
  if (!state.enabled) return stay(state);
  const { phase, failure } = state;
  const newDay = phase.name === 'failed' && failure?.kind === 'quota' && atMs >= state.sinceMs + policy.dayQuotaWaitMs;
  if (phase.name === 'idle' || newDay) return open(state, atMs, policy);
  // Who begins to speak while a connection says goodbye does not say it again when it has gone.
  if (phase.name === 'closing') return stay({ ...state, phase: { ...phase, aftermath: 'reopen' } });
  // A quota only gets worse by asking.
  if (phase.name !== 'backoff' || failure?.kind === 'quota') return stay(state);
  const notBeforeMs = state.triedAtMs + policy.impatientAfterMs;
  if (atMs >= notBeforeMs) return open(state, atMs, policy);
  return stay({ ...state, phase: { ...phase, untilMs: Math.min(phase.untilMs, notBeforeMs) } });
}

function enabled(state: SessionState, enable: boolean, atMs: number, policy: SessionPolicy): Step {
  if (enable === state.enabled) return stay(state);
  const changed = { ...state, enabled: enable };
  if (enable) return wanted(changed, atMs, policy);
  if (state.phase.name === 'opening' || state.phase.name === 'open') return close(changed, 'idle', atMs, policy);
  if (state.phase.name === 'closing') return stay({ ...changed, phase: { ...state.phase, aftermath: 'idle' } });
  return stay(enter(changed, { name: 'idle' }, atMs));
}

function open(state: SessionState, atMs: number, policy: SessionPolicy, resume = true): Step {
  const connection = state.nextConnection;
  const valid = state.handle && atMs - state.handle.savedAtMs < policy.handleValidMs;
  const handle = resume && valid ? state.handle : undefined;
  const phase: Phase = {
    name: 'opening',
    connection,
    deadlineMs: atMs + policy.setupTimeoutMs,
    ...(handle && { handle }),
    seeded: state.seedAllowed,
    withTools: state.toolsAllowed,
  };
  const effects: SessionEffect[] = [
    {
      type: 'open',
      connection,
      ...(handle && { handle: handle.value }),
      withTools: state.toolsAllowed,
      seed: state.seedAllowed,
      retellSinceMs: handle?.savedAtMs ?? Number.NEGATIVE_INFINITY,
    },
    { type: 'count', name: 'connectionAttempts' },
  ];
  const opening = enter(
    { ...state, nextConnection: connection + 1, triedAtMs: atMs, toolsOutdated: false },
    phase,
    atMs,
  );
  return { state: opening, effects };
}

function opened(state: SessionState, atMs: number, policy: SessionPolicy): Step {
  if (state.phase.name !== 'opening') return stay(state);
  const { connection, handle, seeded, withTools } = state.phase;
  const { failure: _mended, ...rest } = state;
  const phase: Phase = {
    name: 'open',
    connection,
    sinceMs: atMs,
    seeded,
    withTools,
    resumed: handle !== undefined,
    answered: false,
    rotateAfterMs: atMs + policy.rotateAfterMs,
    rotateByMs: atMs + policy.rotateByMs,
    pingAtMs: atMs + policy.pingEveryMs,
  };
  const effects: SessionEffect[] = [{ type: 'count', name: handle ? 'sessionsResumed' : 'sessionsStarted' }];
  // A rotation is no use: nine minutes without a word before it count. After an outage the time begins anew.
  const usedAtMs = state.attempt > 0 ? atMs : state.usedAtMs;
  return { state: enter({ ...rest, usedAtMs }, phase, atMs), effects };
}

function closed(
  state: SessionState,
  cause: ClassifiedFailure,
  atMs: number,
  jitter: number,
  policy: SessionPolicy,
): Step {
  const { phase } = state;
  if (phase.name === 'closing') return afterClosing(state, phase.aftermath, atMs, jitter, policy);
  if (phase.name !== 'opening' && phase.name !== 'open') return stay(state);
  const wasGood = phase.name === 'open' && (phase.answered || atMs - phase.sinceMs >= policy.stableAfterMs);
  const withHandle = phase.name === 'opening' ? phase.handle !== undefined : phase.resumed;
  const failed: SessionState = { ...state, failure: cause, attempt: wasGood ? 1 : state.attempt + 1 };
  const lost = { type: 'count', name: phase.name === 'open' ? 'connectionsLost' : 'connectionsRefused' } as const;

  if (cause.remedy === 'giveUp') return { state: enter(failed, { name: 'failed' }, atMs), effects: [lost] };
  if (cause.remedy === 'startFresh' && (withHandle || (phase.seeded && state.seedAllowed))) {
    const { handle: _refused, ...fresh } = failed;
    const forget: SessionEffect = { type: 'storeHandle' };
    // What a lost session knew may be told again; what was refused as an argument may not.
    const step = open({ ...fresh, seedAllowed: cause.kind === 'resume' }, atMs, policy);
    return { state: step.state, effects: [lost, forget, ...step.effects] };
  }
  if (cause.remedy === 'dropTools' && phase.withTools) {
    const step = open({ ...failed, toolsAllowed: false }, atMs, policy);
    return { state: step.state, effects: [lost, ...step.effects] };
  }
  // A server that has not noticed the end of the old connection refuses to resume; a question cannot wait until it does.
  if (phase.name === 'opening' && phase.handle && state.busy && state.attempt <= 1 && cause.kind === 'transient') {
    const step = open(failed, atMs, policy, false);
    return { state: step.state, effects: [lost, ...step.effects] };
  }
  // The end of a connection that was good says nothing about the next one; asking at once saves the user the wait.
  if (wasGood && cause.kind !== 'quota') {
    const step = open({ ...failed, seedAllowed: true }, atMs, policy);
    return { state: step.state, effects: [lost, ...step.effects] };
  }
  return { state: backOff(failed, atMs, jitter, policy), effects: [lost] };
}

function backOff(state: SessionState, atMs: number, jitter: number, policy: SessionPolicy): SessionState {
  const { failure } = state;
  const growingMs = backoffMs(Math.max(1, state.attempt), jitter);
  // A quota comes back at a time of its own, however often it was asked for before.
  const waitMs =
    failure?.kind === 'quota'
      ? Math.max(failure.retryAfterMs ?? policy.quotaWaitMs, Math.min(growingMs, policy.quotaWaitMs))
      : growingMs;
  return enter(state, { name: 'backoff', untilMs: atMs + waitMs }, atMs);
}

function close(state: SessionState, aftermath: Aftermath, atMs: number, policy: SessionPolicy): Step {
  if (state.phase.name !== 'opening' && state.phase.name !== 'open') return stay(state);
  const { connection } = state.phase;
  const phase: Phase = { name: 'closing', connection, deadlineMs: atMs + policy.closeTimeoutMs, aftermath };
  return { state: enter(state, phase, atMs), effects: [{ type: 'close', connection }] };
}

function afterClosing(
  state: SessionState,
  aftermath: Aftermath,
  atMs: number,
  jitter: number,
  policy: SessionPolicy,
): Step {
  if (aftermath === 'idle' || !state.enabled) return stay(enter(state, { name: 'idle' }, atMs));
  if (aftermath === 'backoff') return stay(backOff(state, atMs, jitter, policy));
  return open({ ...state, seedAllowed: true }, atMs, policy);
}

function handleUpdated(state: SessionState, value: string | undefined, atMs: number, policy: SessionPolicy): Step {
  if (value === undefined) return stay(state);
  const handle: Handle = { value, savedAtMs: atMs };
  const stored: SessionEffect = { type: 'storeHandle', handle };
  const step = passTime({ ...state, handle, handleCurrent: !state.busy }, atMs, 0.5, policy);
  return { state: step.state, effects: [stored, ...step.effects] };
}

function heard(state: SessionState): SessionState {
  if (state.phase.name !== 'open' || state.phase.pongDueMs === undefined) return state;
  const { pongDueMs: _answered, ...phase } = state.phase;
  return { ...state, phase };
}

/** Whatever is due by now. */
function passTime(state: SessionState, atMs: number, jitter: number, policy: SessionPolicy): Step {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'failed':
      return stay(state);
    case 'opening': {
      if (atMs < phase.deadlineMs) return stay(state);
      const failed = { ...state, failure: TIMED_OUT, attempt: state.attempt + 1 };
      return withCount(close(failed, 'backoff', atMs, policy), 'setupTimeouts');
    }
    case 'closing':
      if (atMs < phase.deadlineMs) return stay(state);
      return withCount(afterClosing(state, phase.aftermath, atMs, jitter, policy), 'closeTimeouts');
    case 'backoff':
      return atMs < phase.untilMs ? stay(state) : open(state, atMs, policy);
    case 'open':
      return tend(state, phase, atMs, policy);
  }
}

/** Rotation, health and idleness of an open connection. */
function tend(state: SessionState, phase: Extract<Phase, { name: 'open' }>, atMs: number, policy: SessionPolicy): Step {
  if (atMs >= phase.rotateByMs || (!state.busy && atMs >= boundaryMs(state, phase, policy))) {
    return withCount(close({ ...state, attempt: 0 }, 'reopen', atMs, policy), 'rotations');
  }
  if (!state.busy && policy.idleCloseMs !== undefined && atMs >= state.usedAtMs + policy.idleCloseMs) {
    return withCount(close({ ...state, attempt: 0 }, 'idle', atMs, policy), 'idleCloses');
  }
  if (phase.pongDueMs !== undefined && atMs >= phase.pongDueMs) {
    return withCount(close(state, 'reopen', atMs, policy), 'pongTimeouts');
  }
  const stable = state.attempt > 0 && atMs - phase.sinceMs >= policy.stableAfterMs;
  const settled = stable ? { ...state, attempt: 0 } : state;
  if (phase.pongDueMs === undefined && atMs >= phase.pingAtMs) {
    const pinged = { ...phase, pingAtMs: atMs + policy.pingEveryMs, pongDueMs: atMs + policy.pongWithinMs };
    return { state: { ...settled, phase: pinged }, effects: [{ type: 'ping', connection: phase.connection }] };
  }
  return stay(settled);
}

function isPresent(state: SessionState, connection: number): boolean {
  return 'connection' in state.phase && state.phase.connection === connection;
}

function enter(state: SessionState, phase: Phase, atMs: number): SessionState {
  return { ...state, phase, sinceMs: atMs };
}

function stay(state: SessionState): Step {
  return { state, effects: [] };
}

function withCount(step: Step, name: string): Step {
  return { state: step.state, effects: [{ type: 'count', name }, ...step.effects] };
}
