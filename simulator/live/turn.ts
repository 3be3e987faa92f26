import { MICROPHONE_RATE_HZ, REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { applies, type TurnRule } from '../scenario/scenario.ts';
import type { FunctionResponse } from './client-message.ts';
import { drawLatency } from './latency.ts';
import { withFaults } from './reply-faults.ts';
import { scriptReply } from './reply-script.ts';
import type { ServerContent } from './server-message.ts';
import {
  type Answer,
  connectionFault,
  type Generation,
  type Question,
  type Step,
  type ToolRequest,
} from './session-state.ts';
import { cancelTurn, patch, schedule, send } from './step.ts';
import { addTokens, addUsage, compressed, NO_TOKENS, soundTokens, textTokens, usageMetadata } from './usage.ts';

/** The window of a real model is bounded by tokens; this bounds a soak of days as well. */
const MAX_ENTRIES = 2_000;

/** What the scenario has in store for a turn of this connection. */
export function rulesOf({ state: { profile } }: Step, turn: number): TurnRule[] {
  return profile.turnRules.filter(
    (rule) => applies(rule.turn, turn) && applies(rule.overallTurn, profile.turnsBefore + turn),
  );
}

/** The user's question is complete: an answer is asked for. A generation under way is interrupted first. */
export function beginTurn(step: Step, atMs: number, { heard, texts }: Pick<Question, 'heard' | 'texts'>): void {
  if (isDeaf(step)) return;
  interruptTurn(step);
  const { state } = step;
  const turn = state.turns + 1;
  const rules = rulesOf(step, turn);
  const tokens = addTokens(addTokens(state.context.tokens, state.pendingTokens), {
    AUDIO: heard ? soundTokens(heard.toSample - heard.fromSample, MICROPHONE_RATE_HZ) : 0,
    TEXT: textTokens(texts.join(' ')),
  });
  const question: Question = {
    turn,
    heard,
    texts,
    toolResults: [],
    context: state.context,
    tools: state.setup?.tools ?? [],
    first: turn === 1 && !state.resumed,
    hears: rules.find((rule) => rule.hears !== undefined)?.hears,
    reply: rules.find((rule) => rule.reply)?.reply,
    callTool: rules.find((rule) => rule.callTool)?.callTool,
  };
  const generation: Generation = {
    turn,
    stage: 'composing',
    question,
    endedAtMs: atMs,
    faults: state.muteNextTurn ? [{ fault: 'silent' }] : rules.flatMap((rule) => rule.faults ?? []),
    prompt: tokens,
    saidText: '',
    saidSamples: 0,
    thoughtTokens: 0,
    call: undefined,
  };
  patch(step, {
    turns: turn,
    muteNextTurn: false,
    pendingTokens: NO_TOKENS,
    context: { ...state.context, tokens },
    generation,
  });
  if (state.setup?.resumption) send(step, { sessionResumptionUpdate: { resumable: false } });
  step.effects.push({ kind: 'compose', question });
}

/** The answer is there; when each piece of it goes out is decided now. */
export function scheduleReply(step: Step, atMs: number, turn: number, answer: Answer): void {
  if (turn > step.state.rememberedTurn) {
    // The user's words belong to the conversation even where the answer was interrupted before it was there.
    patch(step, { rememberedTurn: turn });
    rememberEntry(step, 'user', answer.asked);
  }
  const { generation, profile, setup } = step.state;
  if (!generation || !setup || generation.turn !== turn || generation.stage !== 'composing') return;
  const { question, faults } = generation;
  const drawn = drawLatency(profile.timing.firstAudio, step.state.randomState);
  const afterTool = question.toolResults.length > 0;
  const call = afterTool ? undefined : (question.callTool ?? answer.callTool);
  patch(step, { randomState: drawn.state, generation: { ...generation, stage: 'replying' } });
  if (call) {
    const callAtMs = Math.max(atMs, generation.endedAtMs + drawn.latencyMs);
    schedule(step, callAtMs, { kind: 'call-tool', request: call }, turn);
    return;
  }
  const speed = faults.find((fault) => fault.fault === 'speed')?.timesRealTime ?? profile.timing.speed;
  const script = scriptReply(answer, {
    endedAtMs: generation.endedAtMs,
    nowMs: atMs,
    latencyMs: drawn.latencyMs,
    timing: { ...profile.timing, speed },
    inputTranscription: setup.inputTranscription && !afterTool,
    outputTranscription: setup.outputTranscription,
    bundled: bundles(step),
  });
  for (const { atMs: dueMs, action } of withFaults(script, faults, generation.endedAtMs))
    schedule(step, dueMs, action, turn);
}

export function callTool(step: Step, { name, args }: ToolRequest): void {
  const { generation, profile } = step.state;
  if (!generation) return;
  const call = { id: `call-${profile.connection}-${generation.turn}`, name, args };
  patch(step, { generation: { ...generation, stage: 'awaiting-tool', call } });
  send(step, { toolCall: { functionCalls: [call] } });
}

/** A function's result. One that nobody waits for (late, or answered before) is counted and ignored. */
export function receiveToolResults(step: Step, atMs: number, responses: readonly FunctionResponse[]): void {
  const { generation } = step.state;
  const call = generation?.stage === 'awaiting-tool' ? generation.call : undefined;
  const result = call && responses.find(({ id }) => id === call.id);
  patch(step, { lateToolResponses: step.state.lateToolResponses + responses.length - (result ? 1 : 0) });
  if (!generation || !call || !result) return;
  const question = { ...generation.question, toolResults: [{ name: call.name, response: result.response }] };
  patch(step, { generation: { ...generation, stage: 'composing', question, endedAtMs: atMs, call: undefined } });
  step.effects.push({ kind: 'compose', question });
}

/** The user cut in: `interrupted` after the server's own moment of reaction, and stale audio until then. */
export function interruptSoon(step: Step, atMs: number): void {
  const { generation, profile, randomState } = step.state;
  if (!generation) return;
  const drawn = drawLatency(profile.timing.interruption, randomState);
  patch(step, { randomState: drawn.state });
  schedule(step, atMs + drawn.latencyMs, { kind: 'interrupt' }, generation.turn);
}

/** Ends a generation without generationComplete; only what was sent stays in the conversation. */
export function interruptTurn(step: Step): void {
  const { generation } = step.state;
  if (!generation) return;
  cancelTurn(step, generation.turn);
  send(step, { serverContent: { interrupted: true } });
  if (generation.call) send(step, { toolCallCancellation: { ids: [generation.call.id] } });
  if (generation.faults.some((fault) => fault.fault === 'silence-after-interrupted')) {
    patch(step, { generation: undefined, muteNextTurn: true });
    return;
  }
  finishTurn(step, {});
}

/** @param extra fields that go with `turnComplete`. */
export function finishTurn(step: Step, extra: ServerContent): void {
  const { generation, setup, profile } = step.state;
  if (!generation) return;
  const response = { ...NO_TOKENS, AUDIO: soundTokens(generation.saidSamples, REPLY_RATE_HZ) };
  const turnUsage = { prompt: generation.prompt, response, thoughts: generation.thoughtTokens };
  const usage = addUsage(step.state.usage, turnUsage);
  patch(step, { generation: undefined, usage });
  if (generation.saidText) rememberEntry(step, 'model', generation.saidText.trim());
  const { context } = step.state;
  patch(step, {
    context: compressed({ ...context, tokens: addTokens(context.tokens, response) }, setup?.compression),
  });
  const serverContent: ServerContent = {
    turnComplete: true,
    ...(isNewer(step) && { interactionStatus: 'IDLE' as const }),
    ...extra,
  };
  const reported = usageMetadata(connectionFault(profile, 'cumulative-usage') ? usage : turnUsage);
  if (bundles(step)) send(step, { serverContent, usageMetadata: reported });
  else {
    send(step, { serverContent });
    send(step, { usageMetadata: reported });
  }
  offerHandle(step);
}

/** Sends a handle for the conversation as it stands, where the client asked for handles. */
export function offerHandle(step: Step): void {
  const { profile, setup, handlesIssued, clientMessages, context } = step.state;
  if (!setup?.resumption) return;
  if (connectionFault(profile, 'no-handles')) {
    send(step, { sessionResumptionUpdate: { resumable: false } });
    return;
  }
  const newHandle = `${profile.sessionId}-${handlesIssued + 1}`;
  patch(step, { handlesIssued: handlesIssued + 1 });
  step.effects.push({ kind: 'remember', handle: newHandle, context });
  // The client's messages count from 0, its setup.
  const lastConsumedClientMessageIndex = String(clientMessages - 1);
  send(step, { sessionResumptionUpdate: { newHandle, resumable: true, lastConsumedClientMessageIndex } });
}

export function rememberEntry(step: Step, role: 'user' | 'model', text: string): void {
  const { context } = step.state;
  patch(step, { context: { ...context, entries: [...context.entries, { role, text }].slice(-MAX_ENTRIES) } });
}

/** Whether input goes nowhere on this connection. */
export function isDeaf({ state }: Step): boolean {
  const deaf = connectionFault(state.profile, 'deaf');
  return deaf !== undefined && (deaf.when === 'always' || state.resumed);
}

function isNewer({ state }: Step): boolean {
  return state.setup?.model.startsWith('gemini-3.8') ?? false;
}

function bundles(step: Step): boolean {
  return connectionFault(step.state.profile, 'bundling')?.bundled ?? isNewer(step);
}
