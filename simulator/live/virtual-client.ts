import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { RECORDED_TIMING, type Scenario } from '../scenario/scenario.ts';
import { ScenarioInPlay } from '../scenario/scenario-in-play.ts';
import { decodeClientMessage } from './client-message.ts';
import type { ServerMessage } from './server-message.ts';
import { next, nextAppointmentMs } from './session.ts';
import {
  type Action,
  type Answer,
  newSession,
  type Resumption,
  type SessionEvent,
  type SessionState,
} from './session-state.ts';

/** A client and a session in virtual time, for tests: no socket, no clock, no sound made. */
export interface VirtualClient {
  readonly state: SessionState;
  /** What the server said, each with the milliseconds since the connection opened. */
  readonly received: readonly { atMs: number; message: ServerMessage }[];
  /** The close, cut or stall that ended it. */
  readonly ending: string | undefined;
  setUp(changes?: Record<string, unknown>, resumption?: Resumption): void;
  send(message: unknown): void;
  /** Speaks for a second, in chunks of 20 ms, between activity marks. */
  ask(): void;
  command(action: Action): void;
  advance(byMs: number): void;
  /** Kinds of the messages since the last call, repeats folded: `heard thought audio+said …`. */
  digest(): string;
}

export const SETUP = {
  model: 'models/gemini-3.8-live',
  generationConfig: { responseModalities: ['AUDIO'] },
  inputAudioTranscription: {},
  outputAudioTranscription: {},
  realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
};

const ANSWER: Answer = {
  heard: 'what is in front of me',
  asked: 'what is in front of me',
  text: Array.from({ length: 30 }, (_, index) => `word${index}`).join(' '),
  thought: 'thinking',
  samples: new Int16Array(48_000),
};

/** Exact latencies, everything else as recorded. */
const STEADY = {
  ...RECORDED_TIMING,
  setup: { medianMs: 100, p95Ms: 100 },
  firstAudio: { medianMs: 300, p95Ms: 300 },
  interruption: { medianMs: 60, p95Ms: 60 },
};

/** @param play the scenario in play, so that several connections can share its counts. */
export function connectVirtually(
  play: ScenarioInPlay = steadily({}),
  { answer = {}, connection = 1 }: { answer?: Partial<Answer>; connection?: number } = {},
): VirtualClient {
  let nowMs = 0;
  let state = newSession({ ...play.nextConnection('key'), connection, sessionId: `session${connection}` }, 1, nowMs);
  let ending: string | undefined;
  let digested = 0;
  const received: { atMs: number; message: ServerMessage }[] = [];

  function dispatch(event: SessionEvent): void {
    const turnsBefore = state.turns;
    const step = next(state, event);
    state = step.state;
    if (state.turns > turnsBefore) play.countTurn();
    for (const effect of step.effects) {
      if (effect.kind === 'send') received.push({ atMs: nowMs, message: effect.message });
      else if (effect.kind === 'close') ending = `${effect.code} ${effect.reason}`;
      else if (effect.kind === 'send-garbage') received.push({ atMs: nowMs, message: {} });
      else if (effect.kind === 'drop' || effect.kind === 'stall') ending = effect.kind;
      else if (effect.kind === 'compose') {
        const { turn } = effect.question;
        dispatch({ kind: 'composed', atMs: nowMs, turn, answer: { ...ANSWER, ...answer } });
      }
    }
  }

  function send(message: unknown, resumption?: Resumption): void {
    const decoded = decodeClientMessage(Buffer.from(JSON.stringify(message)));
    if ('refused' in decoded) dispatch({ kind: 'refused', atMs: nowMs, close: decoded.refused });
    else dispatch({ kind: 'received', atMs: nowMs, message: decoded.message, ...(resumption && { resumption }) });
  }

  function advance(byMs: number): void {
    const untilMs = nowMs + byMs;
    while (state.phase !== 'closed') {
      const dueMs = nextAppointmentMs(state);
      if (dueMs === undefined || dueMs > untilMs) break;
      nowMs = Math.max(nowMs, dueMs);
      dispatch({ kind: 'woke', atMs: nowMs });
    }
    nowMs = untilMs;
  }

  dispatch({ kind: 'opened', atMs: nowMs });
  return {
    get state() {
      return state;
    },
    get ending() {
      return ending;
    },
    received,
    setUp: (changes = {}, resumption) => send({ setup: { ...SETUP, ...changes } }, resumption),
    send,
    ask() {
      send(ACTIVITY_START);
      for (let chunk = 0; chunk < 50; chunk += 1) {
        send(sound(20));
        advance(20);
      }
      send(ACTIVITY_END);
    },
    command: (action) => dispatch({ kind: 'commanded', atMs: nowMs, action }),
    advance,
    digest() {
      const kinds = received.slice(digested).map(({ message }) => kindOf(message));
      digested = received.length;
      return kinds.filter((kind, index) => kind !== kinds[index - 1]).join(' ');
    },
  };
}

/** The scenario with latencies that do not vary. */
export function steadily(scenario: Scenario): ScenarioInPlay {
  return new ScenarioInPlay({ ...scenario, timing: { ...STEADY, ...scenario.timing } });
}

function kindOf(message: ServerMessage): string {
  const { serverContent: content, sessionResumptionUpdate: update } = message;
  const kinds: string[] = [];
  if (message.setupComplete) kinds.push('setupComplete');
  if (message.voiceActivity) kinds.push(message.voiceActivity.voiceActivityType === 'ACTIVITY_START' ? 'start' : 'end');
  if (update) kinds.push(update.resumable ? 'handle' : 'no-handle');
  if (content && Object.keys(content).length === 0) kinds.push('empty');
  if (content?.inputTranscription) kinds.push('heard');
  for (const part of content?.modelTurn?.parts ?? []) kinds.push(part.thought ? 'thought' : 'audio');
  if (content?.outputTranscription) kinds.push('said');
  if (content?.interrupted) kinds.push('interrupted');
  if (content?.generationComplete) kinds.push('generationComplete');
  if (content?.turnComplete) kinds.push(content.interactionStatus === 'IN_PROGRESS' ? 'turnPaused' : 'turnComplete');
  if (message.usageMetadata) kinds.push('usage');
  if (message.toolCall) kinds.push('toolCall');
  if (message.toolCallCancellation) kinds.push('toolCallCancellation');
  if (message.goAway) kinds.push('goAway');
  return kinds.join('+');
}

/** A client whose session is set up and has said so. */
export function liveClient(setup: Record<string, unknown> = {}, scenario: Scenario = {}): VirtualClient {
  const client = connectVirtually(steadily(scenario));
  client.setUp(setup);
  client.advance(100);
  client.digest();
  return client;
}

export const ACTIVITY_START = { realtimeInput: { activityStart: {} } };
export const ACTIVITY_END = { realtimeInput: { activityEnd: {} } };
export const PICTURE = { realtimeInput: { video: { data: 'AAAA', mimeType: 'image/jpeg' } } };
export const TOOL = { name: 'read_sensor', parameters: { type: 'OBJECT', properties: {} } };

/** A message of sound that is the same sample all along. */
export function sound(ms: number, amplitude = 1) {
  const samples = new Int16Array((ms * MICROPHONE_RATE_HZ) / 1000).fill(amplitude);
  const data = Buffer.from(samples.buffer).toString('base64');
  return { realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } };
}
