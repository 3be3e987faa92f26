import type { TurnFault, TurnPoint } from '../scenario/fault.ts';
import { type ScriptStep, say } from './reply-script.ts';
import type { Action } from './session-state.ts';

/** The script with the faults of its turn worked in, one after the other. @param endedAtMs when the question was complete. */
export function withFaults(script: ScriptStep[], faults: readonly TurnFault[], endedAtMs: number): ScriptStep[] {
  const spoilt = faults.reduce((spoiled, fault) => spoil(spoiled, fault, endedAtMs), script);
  return spoilt.toSorted((one, other) => one.atMs - other.atMs);
}

function spoil(script: ScriptStep[], fault: TurnFault, endedAtMs: number): ScriptStep[] {
  switch (fault.fault) {
    case 'silent':
      return fault.heard ? script.filter((step) => step.part === 'heard') : [];
    case 'empty-turn-complete': {
      const { fault: _, ...extra } = fault;
      return [
        {
          atMs: timeOf(script, 'first-audio', endedAtMs),
          part: 'turn-complete',
          action: { kind: 'finish-turn', extra },
        },
      ];
    }
    case 'split-turn': {
      const cut = replyStep(script, fault.share);
      const serverContent = { turnComplete: true as const, interactionStatus: 'IN_PROGRESS' as const };
      const halt = { atMs: cut?.atMs ?? 0, part: 'fault' as const, action: say({ serverContent }) };
      return cut ? script.flatMap((step) => (step === cut ? [halt, step] : [step])) : script;
    }
    case 'premature-turn-complete':
      return endEarly(script, fault.share, fault.rest);
    case 'late':
      return script.map((step) => ({ ...step, atMs: step.atMs + fault.byMs }));
    case 'doubled-transcript':
      return script.flatMap((step) => (isSpoken(step) ? [step, textOnly(step)] : [step]));
    case 'user-transcript-after-reply': {
      const atMs = timeOf(script, 'turn-complete', endedAtMs) + (fault.byMs ?? 1);
      return script.map((step) => (step.part === 'heard' ? { ...step, atMs } : step));
    }
    case 'stalled-transcript': {
      const first = script.findIndex(isSpoken);
      return script.flatMap((step, index) => (index > first ? withoutText(step) : [step]));
    }
    case 'stray-empty-content':
      return script.flatMap((step) => [step, { ...step, part: 'fault' as const, action: say({ serverContent: {} }) }]);
    case 'phantom-interrupted': {
      const atMs = timeOf(script, fault.at, endedAtMs);
      const interrupted: ScriptStep = { atMs, part: 'fault', action: say({ serverContent: { interrupted: true } }) };
      if (!fault.ends) return [...script.filter(before(atMs)), interrupted, ...script.filter(notBefore(atMs))];
      const finish: ScriptStep = { atMs, part: 'turn-complete', action: { kind: 'finish-turn' } };
      return [...script.filter(before(atMs)), interrupted, finish];
    }
    case 'all-in-one':
      return endAtOnce(script);
    case 'no-generation-complete':
      return script.filter((step) => step.part !== 'generation-complete');
    case 'no-turn-complete':
      return script.filter((step) => step.part !== 'turn-complete');
    case 'close':
    case 'drop':
    case 'stall': {
      if (fault.at === 'question-start') return script;
      const atMs = timeOf(script, fault.at, endedAtMs) + (fault.afterMs ?? 0);
      const action: Action = fault.fault === 'close' ? { kind: 'close', cause: fault.cause } : { kind: fault.fault };
      return [...script.filter(before(atMs)), { atMs, part: 'fault', action }, ...script.filter(notBefore(atMs))];
    }
    case 'speed':
    case 'silence-after-interrupted':
      return script;
  }
}

function endEarly(script: ScriptStep[], share: number, rest: 'lost' | 'late'): ScriptStep[] {
  const reply = script.filter(isReply);
  const cut = replyStep(script, share);
  if (!cut) return script;
  const late = new Set(reply.slice(reply.indexOf(cut)));
  const kept = script.filter((step) => !late.has(step) && !step.part.endsWith('-complete'));
  const finish: ScriptStep = { atMs: cut.atMs, part: 'turn-complete', action: { kind: 'finish-turn' } };
  if (rest === 'lost') return [...kept, finish];
  return [...kept, finish, ...[...late].map((step) => ({ ...step, atMs: step.atMs + 1 }))];
}

function endAtOnce(script: ScriptStep[]): ScriptStep[] {
  const last = script.findLast((step) => step.part === 'audio');
  if (last?.action.kind !== 'say') return script;
  const { message, ...added } = last.action;
  const extra = { ...message.serverContent, generationComplete: true as const };
  const finish: ScriptStep = { ...last, part: 'turn-complete', action: { ...added, kind: 'finish-turn', extra } };
  return [...script.filter((step) => step !== last && !step.part.endsWith('-complete')), finish];
}

/** The first step of the reply that lies after this share of it. */
function replyStep(script: readonly ScriptStep[], share: number): ScriptStep | undefined {
  const reply = script.filter(isReply);
  return reply[Math.min(reply.length - 1, Math.floor(reply.length * share))];
}

function isReply(step: ScriptStep): boolean {
  return step.part === 'audio' || step.part === 'said';
}

/** When a point of the turn is reached; where an earlier fault took it out, the end of what is left. */
function timeOf(script: readonly ScriptStep[], point: TurnPoint, endedAtMs: number): number {
  if (point === 'question-start' || point === 'question-end') return endedAtMs;
  const audio = script.filter((step) => step.part === 'audio');
  const found = {
    'first-audio': audio[0],
    'mid-audio': audio[Math.floor(audio.length / 2)],
    'generation-complete': script.find((step) => step.part === 'generation-complete'),
    'turn-complete': script.find((step) => step.part === 'turn-complete'),
  }[point];
  return (found ?? script.at(-1))?.atMs ?? endedAtMs;
}

const before = (atMs: number) => (step: ScriptStep) => step.atMs < atMs;
const notBefore = (atMs: number) => (step: ScriptStep) => step.atMs >= atMs;

function isSpoken(step: ScriptStep): boolean {
  return step.action.kind === 'say' && step.action.text !== undefined;
}

function textOnly(step: ScriptStep): ScriptStep {
  const text = step.action.kind === 'say' ? (step.action.text ?? '') : '';
  return { ...step, part: 'said', action: say({ serverContent: { outputTranscription: { text } } }) };
}

/** The step without its words; nothing where there is nothing else in it. */
function withoutText(step: ScriptStep): ScriptStep[] {
  if (step.action.kind !== 'say' || step.action.text === undefined) return [step];
  const { outputTranscription: _, ...serverContent } = step.action.message.serverContent ?? {};
  const { samples } = step.action;
  return samples === undefined ? [] : [{ ...step, action: say({ serverContent }, { samples }) }];
}
