import { CLOSE_CAUSES, cutReason } from './close-causes.ts';
import type { ServerMessage } from './server-message.ts';
import type { Action, SessionState, Step } from './session-state.ts';

/** Replaces fields of the state. The state itself is never changed, so earlier copies stay true. */
export function patch(step: Step, changes: Partial<SessionState>): void {
  step.state = { ...step.state, ...changes };
}

export function send(step: Step, message: ServerMessage): void {
  if (step.state.phase === 'closed' || step.state.mute) return;
  step.effects.push({ kind: 'send', message });
}

export function schedule(step: Step, atMs: number, action: Action, turn?: number): void {
  if (step.state.phase === 'closed') return;
  const appointment = { atMs, action, ...(turn !== undefined && { turn }) };
  const { agenda } = step.state;
  const later = agenda.findIndex((other) => other.atMs > atMs);
  patch(step, { agenda: later === -1 ? [...agenda, appointment] : agenda.toSpliced(later, 0, appointment) });
}

export function cancelTurn(step: Step, turn: number): void {
  patch(step, { agenda: step.state.agenda.filter((appointment) => appointment.turn !== turn) });
}

/** Ends the session from the server's side. @param cause a name of the table, or a code and text. */
export function close(step: Step, atMs: number, cause: Extract<Action, { kind: 'close' }>['cause']): void {
  if (step.state.phase === 'closed') return;
  const { code, reason: whole } = typeof cause === 'string' ? CLOSE_CAUSES[cause] : cause;
  const reason = cutReason(whole);
  patch(step, { phase: 'closed', agenda: [], generation: undefined, closed: { code, reason, by: 'server', atMs } });
  step.effects.push({ kind: 'close', code, reason });
}

export function drop(step: Step, atMs: number): void {
  if (step.state.phase === 'closed') return;
  patch(step, {
    phase: 'closed',
    agenda: [],
    generation: undefined,
    closed: { code: 1006, reason: '', by: 'drop', atMs },
  });
  step.effects.push({ kind: 'drop' });
}
