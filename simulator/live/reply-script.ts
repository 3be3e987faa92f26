import type { TurnFault, TurnPoint } from '../scenario/fault.ts';
import type { Timing } from '../scenario/scenario.ts';
import { audioPart, type ServerMessage } from './server-message.ts';
import type { Action, Answer } from './session-state.ts';

/** One thing the server does in a turn, and when. */
export interface ScriptStep {
  atMs: number;
  part: 'heard' | 'thought' | 'said' | 'audio' | 'generation-complete' | 'turn-complete' | 'fault';
  action: Action;
}

export interface ReplyPlan {
  /** When the user's question was complete, Unix time. */
  endedAtMs: number;
  nowMs: number;
  /** From the question's end to the first audio. */
  latencyMs: number;
  timing: Timing;
  inputTranscription: boolean;
  outputTranscription: boolean;
  /** Transcript and audio in one message, as newer models send them. */
  bundled: boolean;
}

const REPLY_RATE_HZ = 24_000;
const WORDS_PER_PIECE = 3;

/** What the server sends in one turn on a good day, in the order and rhythm of recorded traffic. */
export function scriptReply(answer: Answer, plan: ReplyPlan): ScriptStep[] {
  const { timing, nowMs } = plan;
  const firstAudioMs = Math.max(nowMs, plan.endedAtMs + plan.latencyMs);
  const waitMs = firstAudioMs - nowMs;
  const steps: ScriptStep[] = [];
  const heard = plan.inputTranscription ? pieces(answer.heard) : [];
  for (const [index, text] of heard.entries()) {
    const atMs = nowMs + waitMs * (0.2 + (0.5 * index) / heard.length);
    steps.push({ atMs, part: 'heard', action: say({ serverContent: { inputTranscription: { text } } }) });
  }
  if (answer.thought) {
    const modelTurn = { role: 'model' as const, parts: [{ text: answer.thought, thought: true as const }] };
    steps.push({
      atMs: nowMs + waitMs * 0.8,
      part: 'thought',
      action: say({ serverContent: { modelTurn } }, { thought: answer.thought }),
    });
  }
  const chunks = chunksOf(answer.samples, Math.round((timing.chunkMs * REPLY_RATE_HZ) / 1000));
  const said = pieces(answer.text);
  const burstMs = (timing.chunksPerBurst * timing.chunkMs) / timing.speed;
  let lastMs = firstAudioMs;
  for (const [index, samples] of chunks.entries()) {
    const atMs = firstAudioMs + Math.floor(index / timing.chunksPerBurst) * burstMs;
    const share = (part: number) => Math.ceil((part * said.length) / chunks.length);
    const text = said.slice(share(index), share(index + 1)).join('');
    steps.push(...replyMessages(atMs, samples, text, plan));
    lastMs = atMs;
  }
  const playedMs = firstAudioMs + ((answer.samples.length * 1000) / REPLY_RATE_HZ) * timing.playbackShare;
  steps.push({ atMs: lastMs, part: 'generation-complete', action: { kind: 'complete-generation' } });
  steps.push({ atMs: Math.max(lastMs, playedMs), part: 'turn-complete', action: { kind: 'finish-turn' } });
  return steps;
}

/** The script with the faults of its turn worked in, one after the other. */
export function withFaults(script: ScriptStep[], faults: readonly TurnFault[]): ScriptStep[] {
  const spoilt = faults.reduce(spoil, script);
  return spoilt.toSorted((one, other) => one.atMs - other.atMs);
}

function spoil(script: ScriptStep[], fault: TurnFault): ScriptStep[] {
  switch (fault.fault) {
    case 'silent':
      return fault.heard ? script.filter((step) => step.part === 'heard') : [];
    case 'empty-turn-complete': {
      const { fault: _, ...extra } = fault;
      return [{ atMs: timeOf(script, 'first-audio'), part: 'turn-complete', action: { kind: 'finish-turn', extra } }];
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
      const atMs = timeOf(script, 'turn-complete') + (fault.byMs ?? 1);
      return script.map((step) => (step.part === 'heard' ? { ...step, atMs } : step));
    }
    case 'stalled-transcript': {
      const first = script.findIndex(isSpoken);
      return script.map((step, index) => (index > first ? withoutText(step) : step));
    }
    case 'stray-empty-content':
      return script.flatMap((step) => [step, { ...step, part: 'fault' as const, action: say({ serverContent: {} }) }]);
    case 'phantom-interrupted': {
      const atMs = timeOf(script, fault.at);
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
      const atMs = timeOf(script, fault.at) + (fault.afterMs ?? 0);
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

/** When a point of the turn is reached; a script without it is over before it begins. */
function timeOf(script: readonly ScriptStep[], point: TurnPoint): number {
  const audio = script.filter((step) => step.part === 'audio');
  const found = {
    'question-start': script[0],
    'question-end': script[0],
    'first-audio': audio[0],
    'mid-audio': audio[Math.floor(audio.length / 2)],
    'generation-complete': script.find((step) => step.part === 'generation-complete'),
    'turn-complete': script.find((step) => step.part === 'turn-complete'),
  }[point];
  return (found ?? script.at(-1))?.atMs ?? 0;
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

function withoutText(step: ScriptStep): ScriptStep {
  if (step.action.kind !== 'say' || step.action.text === undefined) return step;
  const { outputTranscription: _, ...serverContent } = step.action.message.serverContent ?? {};
  const { samples } = step.action;
  return { ...step, action: say({ serverContent }, { ...(samples !== undefined && { samples }) }) };
}

function replyMessages(atMs: number, samples: Int16Array, text: string, plan: ReplyPlan): ScriptStep[] {
  const modelTurn = { role: 'model' as const, parts: [audioPart(samples)] };
  const outputTranscription = text && plan.outputTranscription ? { text } : undefined;
  const size = { samples: samples.length };
  if (plan.bundled || !outputTranscription) {
    const serverContent = { modelTurn, ...(outputTranscription && { outputTranscription }) };
    return [{ atMs, part: 'audio', action: say({ serverContent }, { ...size, ...(text && { text }) }) }];
  }
  return [
    { atMs, part: 'said', action: say({ serverContent: { outputTranscription } }, { text }) },
    { atMs, part: 'audio', action: say({ serverContent: { modelTurn } }, size) },
  ];
}

function say(message: ServerMessage, sent: { text?: string; samples?: number; thought?: string } = {}): Action {
  return { kind: 'say', message, ...sent };
}

/** The text a few words at a time; joined, the pieces are the text. */
function pieces(text: string): string[] {
  const words = text.match(/\s*\S+/g) ?? [];
  const all: string[] = [];
  for (let index = 0; index < words.length; index += WORDS_PER_PIECE) {
    all.push(words.slice(index, index + WORDS_PER_PIECE).join(''));
  }
  return all;
}

function chunksOf(samples: Int16Array, size: number): Int16Array[] {
  const all: Int16Array[] = [];
  for (let from = 0; from < samples.length; from += size) all.push(samples.subarray(from, from + size));
  return all;
}
