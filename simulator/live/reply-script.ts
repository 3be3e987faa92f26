import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
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

/** What a message adds to the reply goes with it, for the conversation's memory and the bill. */
export function say(message: ServerMessage, sent: { text?: string; samples?: number; thought?: string } = {}): Action {
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
