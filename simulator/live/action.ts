import { planOf } from './connection-plan.ts';
import type { Action, Step } from './session-state.ts';
import { close, drop, patch, schedule, send } from './step.ts';
import { callTool, finishTurn, interruptTurn, offerHandle } from './turn.ts';
import { textTokens } from './usage.ts';

/** Does what the agenda, a scenario or a command asks for. */
export function perform(step: Step, atMs: number, action: Action): void {
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
  for (const { afterMs, action } of planOf(profile)) schedule(step, atMs + afterMs, action);
}
