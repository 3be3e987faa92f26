import { perform } from './action.ts';
import type { ClientMessage } from './client-message.ts';
import { receiveClientContent, receiveRealtimeInput } from './input.ts';
import { receiveSetup } from './opening.ts';
import { connectionFault, type Resumption, type SessionEvent, type SessionState, type Step } from './session-state.ts';
import { close, patch } from './step.ts';
import { receiveToolResults, scheduleReply } from './turn.ts';

/** Without compression a conversation ends after 15 minutes of sound, 2 with video. */
const CONTEXT_LIMIT_MS = { sound: 15 * 60_000, video: 2 * 60_000 };

/** Ten seconds of sound; what comes on top of it before setupComplete is lost. */
const MAX_EARLY_MESSAGES = 500;

/** One step of a Live session: what the real server would do, and what the scenario makes go wrong. Pure. */
export function next(state: SessionState, event: SessionEvent): Step {
  const step: Step = { state, effects: [] };
  if (state.phase === 'closed') return step;
  switch (event.kind) {
    case 'opened': {
      const fault = connectionFault(state.profile, 'close-on-open');
      if (fault) close(step, event.atMs, fault.cause);
      break;
    }
    case 'received':
      patch(step, { clientMessages: state.clientMessages + 1 });
      receive(step, event.atMs, event.message, event.resumption);
      break;
    case 'refused':
      close(step, event.atMs, event.close);
      break;
    case 'composed':
      scheduleReply(step, event.atMs, event.turn, event.answer);
      break;
    case 'commanded':
      perform(step, event.atMs, event.action);
      break;
    case 'left': {
      const closed = { code: event.code, reason: event.reason, by: 'client' as const, atMs: event.atMs };
      patch(step, { phase: 'closed', agenda: [], generation: undefined, closed });
      break;
    }
    case 'woke':
      break;
  }
  keepAppointments(step, event.atMs);
  receiveEarly(step, event.atMs);
  return step;
}

/** When the session wants to be woken, Unix time; undefined where nothing is planned. */
export function nextAppointmentMs(state: SessionState): number | undefined {
  return state.agenda[0]?.atMs;
}

function keepAppointments(step: Step, atMs: number): void {
  for (let first = step.state.agenda[0]; first && first.atMs <= atMs; first = step.state.agenda[0]) {
    patch(step, { agenda: step.state.agenda.slice(1) });
    perform(step, atMs, first.action);
  }
}

/** What came between the setup and setupComplete is looked at now. */
function receiveEarly(step: Step, atMs: number): void {
  const { phase, early } = step.state;
  if (phase !== 'live' || early.length === 0) return;
  patch(step, { early: [] });
  for (const message of early) receive(step, atMs, message, undefined);
  keepAppointments(step, atMs);
}

function receive(step: Step, atMs: number, message: ClientMessage, resumption: Resumption | undefined): void {
  const { phase, setup, context, early } = step.state;
  if (phase === 'closed') return;
  if (message.kind === 'setup') {
    if (phase !== 'open') {
      close(step, atMs, 'invalid-argument');
      return;
    }
    receiveSetup(step, atMs, message.setup, resumption);
    return;
  }
  if (phase === 'open') {
    close(step, atMs, 'invalid-argument');
    return;
  }
  if (phase === 'preparing') {
    if (early.length < MAX_EARLY_MESSAGES) patch(step, { early: [...early, message] });
    return;
  }
  const limitMs = context.sawVideo ? CONTEXT_LIMIT_MS.video : CONTEXT_LIMIT_MS.sound;
  if (!setup?.compression && atMs - context.startedAtMs > limitMs) {
    close(step, atMs, 'invalid-argument');
    return;
  }
  if (message.kind === 'realtimeInput') receiveRealtimeInput(step, atMs, message);
  else if (message.kind === 'clientContent') receiveClientContent(step, atMs, message);
  else receiveToolResults(step, atMs, message.responses);
}
