import type { ClientMessage } from './client-message.ts';
import { receiveClientContent, receiveRealtimeInput } from './input.ts';
import { drawLatency } from './latency.ts';
import {
  type Action,
  connectionFault,
  type Resumption,
  type SessionEvent,
  type SessionState,
  type Step,
} from './session-state.ts';
import { readSetup } from './setup.ts';
import { close, drop, patch, schedule, send } from './step.ts';
import { callTool, finishTurn, interruptTurn, offerHandle, receiveToolResults, scheduleReply } from './turn.ts';
import { NO_TOKENS, textTokens } from './usage.ts';

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

function receive(step: Step, atMs: number, message: ClientMessage, resumption: Resumption | undefined): void {
  const { phase, setup, context, early } = step.state;
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

function receiveSetup(step: Step, atMs: number, raw: unknown, resumption: Resumption | undefined): void {
  const { profile } = step.state;
  if (profile.keyProblem) {
    close(step, atMs, profile.keyProblem);
    return;
  }
  const closeOnSetup = connectionFault(profile, 'close-on-setup');
  if (closeOnSetup) {
    close(step, atMs, closeOnSetup.cause);
    return;
  }
  if (connectionFault(profile, 'drop-on-setup')) {
    drop(step, atMs);
    return;
  }
  const read = readSetup(raw, profile.liveModels);
  if ('refused' in read) {
    close(step, atMs, read.refused);
    return;
  }
  const { setup } = read;
  if (setup.handle) {
    const refused = connectionFault(profile, 'refuse-resume');
    if (refused) {
      close(step, atMs, refused.cause);
      return;
    }
    if (resumption?.kind === 'still-open') {
      close(step, atMs, 'internal');
      return;
    }
    if (resumption?.kind !== 'found') {
      close(step, atMs, 'unknown-handle');
      return;
    }
    patch(step, { resumed: true, context: resumption.context });
  } else {
    const tokens = { ...NO_TOKENS, TEXT: textTokens(setup.systemInstruction) };
    patch(step, { context: { ...step.state.context, tokens, startedAtMs: atMs } });
  }
  const drawn = drawLatency(profile.timing.setup, step.state.randomState);
  patch(step, { phase: 'preparing', setup, randomState: drawn.state });
  if (connectionFault(profile, 'no-setup-complete')) return;
  const lateMs = connectionFault(profile, 'late-setup-complete')?.byMs ?? 0;
  schedule(step, atMs + drawn.latencyMs + lateMs, { kind: 'complete-setup' });
}

function perform(step: Step, atMs: number, action: Action): void {
  switch (action.kind) {
    case 'complete-setup':
      completeSetup(step, atMs);
      return;
    case 'say':
      countSaid(step, action);
      send(step, action.message);
      return;
    case 'say-garbage':
      if (!step.state.mute) step.effects.push({ kind: 'send-garbage' });
      return;
    case 'adopt':
      patch(step, { profile: { ...step.state.profile, ...action.changes, turnsBefore: -step.state.turns } });
      return;
    case 'complete-generation': {
      const { generation } = step.state;
      if (generation) patch(step, { generation: { ...generation, stage: 'playing' } });
      send(step, { serverContent: { generationComplete: true } });
      return;
    }
    case 'finish-turn':
      countSaid(step, action);
      finishTurn(step, action.extra ?? {});
      return;
    case 'interrupt':
      interruptTurn(step);
      return;
    case 'call-tool':
      callTool(step, action.request);
      return;
    case 'announce-end':
      send(step, { goAway: { timeLeft: `${action.timeLeftMs / 1000}s` } });
      if (action.silent) patch(step, { mute: true });
      return;
    case 'repeat-stray':
      send(step, { serverContent: {} });
      schedule(step, atMs + action.everyMs, action);
      return;
    case 'close':
      close(step, atMs, action.cause);
      return;
    case 'drop':
      drop(step, atMs);
      return;
    case 'stall':
      patch(step, { mute: true, stalled: true });
      step.effects.push({ kind: 'stall' });
      return;
  }
}

/** What a message added to the reply: it counts once it is sent. */
function countSaid(
  step: Step,
  { text = '', samples = 0, thought = '' }: { text?: string; samples?: number; thought?: string },
): void {
  const { generation } = step.state;
  if (!generation) return;
  const said = {
    saidText: generation.saidText + text,
    saidSamples: generation.saidSamples + samples,
    thoughtTokens: generation.thoughtTokens + textTokens(thought),
  };
  patch(step, { generation: { ...generation, ...said } });
}

function completeSetup(step: Step, atMs: number): void {
  const { profile } = step.state;
  patch(step, { phase: 'live' });
  send(step, { setupComplete: { sessionId: profile.sessionId } });
  offerHandle(step);
  if (profile.lifetime) {
    const { goAwayAfterMs, endAfterMs, cause } = profile.lifetime;
    if (goAwayAfterMs !== undefined) {
      const timeLeftMs = endAfterMs - goAwayAfterMs;
      schedule(step, atMs + goAwayAfterMs, { kind: 'announce-end', timeLeftMs, silent: false });
    }
    schedule(step, atMs + endAfterMs, { kind: 'close', cause });
  }
  for (const fault of profile.faults) {
    if (fault.fault === 'close-after') schedule(step, atMs + fault.afterMs, { kind: 'close', cause: fault.cause });
    if (fault.fault === 'drop-after') schedule(step, atMs + fault.afterMs, { kind: 'drop' });
    if (fault.fault === 'stall-after') schedule(step, atMs + fault.afterMs, { kind: 'stall' });
    if (fault.fault === 'stray-empty-content') {
      schedule(step, atMs + fault.everyMs, { kind: 'repeat-stray', everyMs: fault.everyMs });
    }
    if (fault.fault === 'stray-interrupted') {
      const message = { serverContent: { interrupted: true as const } };
      schedule(step, atMs + fault.afterMs, { kind: 'say', message });
    }
    if (fault.fault === 'garbage') schedule(step, atMs + fault.afterMs, { kind: 'say-garbage' });
    if (fault.fault === 'go-away') {
      const { timeLeftMs, silent = false, end = 'go-away-ignored' } = fault;
      schedule(step, atMs + fault.afterMs, { kind: 'announce-end', timeLeftMs, silent });
      if (end !== 'never') schedule(step, atMs + fault.afterMs + timeLeftMs, { kind: 'close', cause: end });
    }
  }
  const { early } = step.state;
  patch(step, { early: [] });
  for (const message of early) receive(step, atMs, message, undefined);
}
