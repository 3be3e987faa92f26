import type { Phase, SessionPolicy, SessionState } from './session-state.ts';

/** When `timePassed` has something to do next; undefined: never. */
export function sessionWakeMs(state: SessionState, policy: SessionPolicy): number | undefined {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'failed':
      return undefined;
    case 'opening':
    case 'closing':
      return phase.deadlineMs;
    case 'backoff':
      return phase.untilMs;
    case 'open': {
      const times = [phase.pongDueMs ?? phase.pingAtMs, phase.rotateByMs];
      if (!state.busy) times.push(boundaryMs(state, phase, policy));
      if (!state.busy && policy.idleCloseMs !== undefined) times.push(state.usedAtMs + policy.idleCloseMs);
      return Math.min(...times);
    }
  }
}

/** From when on a connection without a turn is replaced: for its age, or for tools that have changed. */
export function boundaryMs(
  state: SessionState,
  phase: Extract<Phase, { name: 'open' }>,
  policy: SessionPolicy,
): number {
  const wantedMs = state.toolsOutdated ? phase.sinceMs : phase.rotateAfterMs;
  return state.handleCurrent ? wantedMs : Math.max(wantedMs, state.usedAtMs + policy.freshHandleWaitMs);
}
