import type { TurnFault } from '../scenario/fault.ts';
import { applies } from '../scenario/scenario.ts';
import type { FunctionResponse } from './client-message.ts';
import { drawLatency } from './latency.ts';
import { scriptReply, withFaults } from './reply-script.ts';
import { type Answer, connectionFault, type Question, type Step, type ToolRequest } from './session-state.ts';
import { cancelTurn, patch, schedule, send } from './step.ts';
import { compressed, soundTokens, textTokens, usageMetadata } from './usage.ts';

const REPLY_RATE_HZ = 24_000;
const INPUT_RATE_HZ = 16_000;

/** The faults of the turn that comes next, or of the one that runs. */
export function faultsOfTurn(step: Step, turn: number): TurnFault[] {
  return rulesOf(step, turn).flatMap((rule) => rule.faults ?? []);
}

function rulesOf({ state: { profile } }: Step, turn: number) {
  return profile.turnRules.filter(
    (rule) => applies(rule.turn, turn) && applies(rule.overallTurn, profile.turnsBefore + turn),
  );
}

/** The user's question is complete: an answer is asked for. A generation under way is interrupted first. */
export function beginTurn(step: Step, atMs: number, question: Pick<Question, 'heard' | 'texts'>): void {
  if (step.state.generation) interruptTurn(step);
  const { state } = step;
  if (isDeaf(step)) return;
  const turn = state.turns + 1;
  const rules = rulesOf(step, turn);
  const faults: TurnFault[] = state.muteNextTurn ? [{ fault: 'silent' }] : rules.flatMap((rule) => rule.faults ?? []);
  const { heard, texts } = question;
  const inputTokens =
    state.pendingTokens +
    soundTokens(heard ? heard.toSample - heard.fromSample : 0, INPUT_RATE_HZ) +
    textTokens(texts.join(' '));
  const asked: Question = {
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
  const tokens = state.context.tokens + inputTokens;
  patch(step, {
    turns: turn,
    muteNextTurn: false,
    pendingTokens: 0,
    context: { ...state.context, tokens },
    generation: {
      turn,
      stage: 'composing',
      question: asked,
      endedAtMs: atMs,
      faults,
      saidText: '',
      saidSamples: 0,
      promptTokens: tokens,
      call: undefined,
    },
  });
  if (state.setup?.resumption) send(step, { sessionResumptionUpdate: { resumable: false } });
  step.effects.push({ kind: 'compose', question: asked });
}

/** The answer is there; when each piece of it goes out is decided now. */
export function scheduleReply(step: Step, atMs: number, turn: number, answer: Answer): void {
  const { generation, profile, setup } = step.state;
  if (!generation || !setup || generation.turn !== turn || generation.stage !== 'composing') return;
  const { question, faults } = generation;
  if (question.toolResults.length === 0) rememberEntry(step, 'user', answer.heard);
  const drawn = drawLatency(profile.timing.firstAudio, step.state.randomState);
  const call = question.toolResults.length === 0 ? (question.callTool ?? answer.callTool) : undefined;
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
    inputTranscription: setup.inputTranscription && question.toolResults.length === 0,
    outputTranscription: setup.outputTranscription,
    bundled: bundles(step),
  });
  for (const { atMs: dueMs, action } of withFaults(script, faults)) schedule(step, dueMs, action, turn);
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
  const wanted = responses.filter(({ id }) => generation?.stage === 'awaiting-tool' && generation.call?.id === id);
  patch(step, { lateToolResponses: step.state.lateToolResponses + responses.length - wanted.length });
  const [result] = wanted;
  if (!generation || !result) return;
  const { call } = generation;
  const question = {
    ...generation.question,
    toolResults: [{ name: call?.name ?? result.name, response: result.response }],
  };
  patch(step, { generation: { ...generation, stage: 'composing', question, endedAtMs: atMs, call: undefined } });
  step.effects.push({ kind: 'compose', question });
}

/** The user cut in: no generationComplete, and only what was sent stays in the conversation. */
export function interruptTurn(step: Step): void {
  const { generation } = step.state;
  if (!generation) return;
  cancelTurn(step, generation.turn);
  send(step, { serverContent: { interrupted: true } });
  if (generation.stage === 'awaiting-tool' && generation.call) {
    send(step, { toolCallCancellation: { ids: [generation.call.id] } });
  }
  if (generation.faults.some((fault) => fault.fault === 'silence-after-interrupted')) {
    patch(step, { generation: undefined, muteNextTurn: true });
    return;
  }
  finishTurn(step);
}

export function finishTurn(step: Step): void {
  const { generation, setup } = step.state;
  if (!generation) return;
  const responseTokens = soundTokens(generation.saidSamples, REPLY_RATE_HZ);
  const turnUsage = { promptTokens: generation.promptTokens, responseTokens, thoughtsTokens: 0 };
  const { usage } = step.state;
  const total = {
    promptTokens: usage.promptTokens + turnUsage.promptTokens,
    responseTokens: usage.responseTokens + turnUsage.responseTokens,
    thoughtsTokens: 0,
  };
  patch(step, { generation: undefined, usage: total });
  if (generation.saidText) rememberEntry(step, 'model', generation.saidText.trim());
  const context = { ...step.state.context, tokens: step.state.context.tokens + responseTokens };
  patch(step, { context: compressed(context, setup?.compression) });
  const reported = usageMetadata(connectionFault(step.state.profile, 'cumulative-usage') ? total : turnUsage);
  const turnComplete = { turnComplete: true as const, ...(isNewer(step) && { interactionStatus: 'IDLE' as const }) };
  if (bundles(step)) send(step, { serverContent: turnComplete, usageMetadata: reported });
  else {
    send(step, { serverContent: turnComplete });
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
  const lastConsumedClientMessageIndex = String(clientMessages - 1);
  send(step, { sessionResumptionUpdate: { newHandle, resumable: true, lastConsumedClientMessageIndex } });
}

export function rememberEntry(step: Step, role: 'user' | 'model', text: string): void {
  const { context } = step.state;
  patch(step, { context: { ...context, entries: [...context.entries, { role, text }].slice(-MAX_ENTRIES) } });
}

/** The window of a real model is bounded by tokens; this keeps a soak of days bounded as well. */
const MAX_ENTRIES = 2_000;

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
