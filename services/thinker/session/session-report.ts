import type { Session as SessionReport } from '#shared/contract/thinker.ts';
import type { SessionState } from './session-state.ts';

/** The session as other layers see it. */
export function sessionReport(state: SessionState, identity: { model: string; simulated: boolean }): SessionReport {
  const { failure } = state;
  return {
    state: nameOf(state),
    ...identity,
    attempt: state.attempt,
    ...(failure && {
      error: { kind: failure.kind, message: failure.message, retryable: failure.retryable },
    }),
    resumable: state.handle !== undefined,
    since: state.sinceMs,
  };
}

function nameOf({ phase, handle }: SessionState): SessionReport['state'] {
  switch (phase.name) {
    case 'open':
      return 'connected';
    case 'opening':
      return phase.handle ? 'resuming' : 'connecting';
    case 'closing':
      if (phase.aftermath === 'reopen') return handle ? 'resuming' : 'connecting';
      return phase.aftermath;
    default:
      return phase.name;
  }
}
