import type { DashboardState } from './state.ts';

/** What the status lamp shows. The label says in words what the colour says. */
export interface Lamp {
  colour: 'grey' | 'amber' | 'green' | 'red';
  label: string;
  detail: string;
  /** A red flash: something was interrupted a moment ago. */
  flashing: boolean;
}

/** Long enough to be seen from the corner of the eye, and below three flashes a second (WCAG 2.3.1). */
const FLASH_MS = 700;

export function lampOf(state: DashboardState, nowMs: number): Lamp {
  const flashing = state.interruptedAtMs !== undefined && nowMs - state.interruptedAtMs < FLASH_MS;
  return { ...steadyLamp(state), flashing };
}

function steadyLamp({ link, latest }: DashboardState): Omit<Lamp, 'flashing'> {
  if (link === 'connecting') return { colour: 'grey', label: 'Connecting to the stack', detail: '' };
  if (link === 'lost') {
    return { colour: 'red', label: 'No connection to the stack', detail: 'The broker does not answer; trying again.' };
  }
  const { session, turn } = latest;
  const level = latest.fallback?.level ?? 'live';
  const fatal = session?.state === 'failed' && session.error?.retryable === false ? session.error.message : undefined;
  if (level !== 'live') {
    // Where a person must act, what to do counts more than why.
    const detail = fatal ?? latest.fallback?.reason ?? '';
    return { colour: fatal ? 'red' : 'amber', label: level === 'http' ? 'Answers over HTTP' : 'Offline', detail };
  }
  if (!session) return { colour: 'grey', label: 'Waiting for the thinker', detail: '' };
  const why = session.error?.message ?? '';
  switch (session.state) {
    case 'idle':
      return { colour: 'grey', label: 'Idle', detail: 'Connects when somebody speaks.' };
    case 'connecting':
      return { colour: 'amber', label: 'Connecting', detail: why };
    case 'resuming':
      return { colour: 'amber', label: 'Resuming the conversation', detail: why };
    case 'backoff':
      return { colour: 'amber', label: `Trying again (attempt ${session.attempt})`, detail: why };
    case 'failed':
      return { colour: 'red', label: 'Failed', detail: why };
    case 'connected':
      return turn?.state === 'speaking' || turn?.state === 'thinking' || turn?.state === 'listening'
        ? { colour: 'green', label: 'Streaming', detail: turn.state }
        : { colour: 'green', label: 'Connected', detail: 'Ready for the next question.' };
  }
}
