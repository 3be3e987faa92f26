import type { Cause, ConnectionFault, TurnFault } from '../scenario/fault.ts';
import type { Lifetime, Reply, Timing, TurnRule } from '../scenario/scenario.ts';
import type { ClientMessage } from './client-message.ts';
import type { FunctionCall, ServerContent, ServerMessage } from './server-message.ts';
import type { Setup } from './setup.ts';
import { NO_TOKENS, NO_USAGE, type Tokens, type Usage } from './usage.ts';
import { QUIET, type VoiceActivityState } from './voice-activity.ts';

/** What is fixed for a connection when it opens. */
export interface SessionProfile {
  /** Counts connection attempts since the simulator started. */
  connection: number;
  /** Turns that earlier connections took since the scenario was loaded. */
  turnsBefore: number;
  /** Unguessable; the handles are made from it. */
  sessionId: string;
  keyProblem: 'bad-key' | 'no-key' | undefined;
  liveModels: readonly string[];
  timing: Timing;
  lifetime: Lifetime | undefined;
  faults: readonly ConnectionFault[];
  /** Those that apply to this connection. */
  turnRules: readonly TurnRule[];
}

/** What a session knows of its conversation; survives in a handle. */
export interface Context {
  entries: readonly { role: 'user' | 'model'; text: string }[];
  tokens: Tokens;
  /** When the conversation began: without compression it may not outlast the limits. */
  startedAtMs: number;
  sawVideo: boolean;
}

/** The server's memory of a handle at the moment a client asks for it. */
export type Resumption = { kind: 'found'; context: Context } | { kind: 'unknown' } | { kind: 'still-open' };

export interface Question {
  turn: number;
  /** Where the question's sound lies in this connection's recording; undefined for one in writing. */
  heard: { fromSample: number; toSample: number } | undefined;
  texts: readonly string[];
  toolResults: readonly { name: string; response: Record<string, unknown> }[];
  context: Context;
  tools: Setup['tools'];
  /** The first answer of a session says that it is simulated. */
  first: boolean;
  hears: string | undefined;
  reply: Reply | undefined;
  /** The scenario's wish; an answer may ask for a function of its own accord. */
  callTool: ToolRequest | undefined;
}

export interface ToolRequest {
  name: string;
  args: Record<string, unknown>;
}

export interface Answer {
  /** What was said, for its transcript: the words, or a description of the sound where nobody recognised any. Empty without sound. */
  heard: string;
  /** What the conversation remembers of the question: what was said, and what came with it in writing. */
  asked: string;
  text: string;
  thought: string;
  /** 24 kHz mono. */
  samples: Int16Array;
  /** A declared function the question asks for, to be called before answering. */
  callTool?: ToolRequest;
}

export interface Activity {
  number: number;
  fromSample: number;
  toSample: number | undefined;
  texts: readonly string[];
  startedAtMs: number;
  endedAtMs: number | undefined;
}

export interface Generation {
  turn: number;
  /** `composing` until the answer is there, `replying` until generationComplete, then `playing` until turnComplete. */
  stage: 'composing' | 'replying' | 'awaiting-tool' | 'playing';
  question: Question;
  endedAtMs: number;
  faults: readonly TurnFault[];
  /** Of the reply, already sent to the client. */
  saidText: string;
  saidSamples: number;
  prompt: Tokens;
  thoughtTokens: number;
  /** The one the server waits for. */
  call: FunctionCall | undefined;
}

export type Action =
  | { kind: 'complete-setup' }
  /** `text`, `samples` and `thought` are what the message adds to the reply. */
  | { kind: 'say'; message: ServerMessage; text?: string; samples?: number; thought?: string }
  | { kind: 'complete-generation' }
  /** `extra` goes with `turnComplete`; `text` and `samples` are what it adds to the reply. */
  | { kind: 'finish-turn'; extra?: ServerContent; text?: string; samples?: number }
  | { kind: 'interrupt' }
  | { kind: 'say-garbage' }
  /** A scenario was loaded while the session was open; turns count from here. */
  | { kind: 'adopt'; changes: Pick<SessionProfile, 'timing' | 'faults' | 'turnRules'> }
  | { kind: 'call-tool'; request: ToolRequest }
  | { kind: 'announce-end'; timeLeftMs: number; silent: boolean }
  | { kind: 'repeat-stray'; everyMs: number }
  | { kind: 'close'; cause: Cause }
  | { kind: 'drop' }
  | { kind: 'stall' };

/** Something this session is going to do. */
export interface Appointment {
  atMs: number;
  action: Action;
  /** An interruption cancels what belongs to the turn. */
  turn?: number;
}

export interface SessionState {
  readonly profile: SessionProfile;
  readonly phase: 'open' | 'preparing' | 'live' | 'closed';
  readonly openedAtMs: number;
  readonly setup: Setup | undefined;
  readonly resumed: boolean;
  readonly randomState: number;
  /** In time order. */
  readonly agenda: readonly Appointment[];
  readonly activity: Activity | undefined;
  /** The latest, oldest first. */
  readonly activities: readonly Activity[];
  readonly voice: VoiceActivityState;
  readonly generation: Generation | undefined;
  readonly turns: number;
  /** The last whose question is in the context. */
  readonly rememberedTurn: number;
  readonly context: Context;
  /** Of all finished turns. */
  readonly usage: Usage;
  readonly handlesIssued: number;
  readonly clientMessages: number;
  /** Messages that came before setupComplete and wait for it. */
  readonly early: readonly ClientMessage[];
  readonly recordedSamples: number;
  readonly ignoredSamples: number;
  readonly images: number;
  /** Of input since the last turn began. */
  readonly pendingTokens: Tokens;
  readonly hastyActivities: number;
  readonly lateToolResponses: number;
  /** Nothing is sent any more, though the socket is up. */
  readonly mute: boolean;
  /** The connection is half-open: neither side hears the other any more. */
  readonly stalled: boolean;
  readonly muteNextTurn: boolean;
  readonly closed: { code: number; reason: string; by: 'server' | 'client' | 'drop'; atMs: number } | undefined;
}

export type SessionEvent =
  | { kind: 'opened'; atMs: number }
  /** `resumption` goes with a setup that names a handle. */
  | { kind: 'received'; atMs: number; message: ClientMessage; resumption?: Resumption }
  | { kind: 'refused'; atMs: number; close: { code: number; reason: string } }
  | { kind: 'composed'; atMs: number; turn: number; answer: Answer }
  | { kind: 'woke'; atMs: number }
  | { kind: 'commanded'; atMs: number; action: Action }
  | { kind: 'left'; atMs: number; code: number; reason: string };

export type SessionEffect =
  | { kind: 'send'; message: ServerMessage }
  | { kind: 'send-garbage' }
  | { kind: 'record'; pcm: Buffer }
  | { kind: 'show'; image: { mimeType: string; bytes: Buffer } }
  | { kind: 'compose'; question: Question }
  | { kind: 'remember'; handle: string; context: Context }
  | { kind: 'close'; code: number; reason: string }
  | { kind: 'drop' }
  | { kind: 'stall' };

export interface Step {
  state: SessionState;
  effects: SessionEffect[];
}

/** @param seed the same seed draws the same latencies. @param openedAtMs Unix time. */
export function newSession(profile: SessionProfile, seed: number, openedAtMs: number): SessionState {
  return {
    profile,
    phase: 'open',
    openedAtMs,
    setup: undefined,
    resumed: false,
    randomState: seed,
    agenda: [],
    activity: undefined,
    activities: [],
    voice: QUIET,
    generation: undefined,
    turns: 0,
    rememberedTurn: 0,
    context: { entries: [], tokens: NO_TOKENS, startedAtMs: openedAtMs, sawVideo: false },
    usage: NO_USAGE,
    handlesIssued: 0,
    clientMessages: 0,
    early: [],
    recordedSamples: 0,
    ignoredSamples: 0,
    images: 0,
    pendingTokens: NO_TOKENS,
    hastyActivities: 0,
    lateToolResponses: 0,
    mute: false,
    stalled: false,
    muteNextTurn: false,
    closed: undefined,
  };
}

/** The connection fault of this kind, if the scenario put one on this connection. */
export function connectionFault<Name extends ConnectionFault['fault']>(
  profile: Pick<SessionProfile, 'faults'>,
  name: Name,
): Extract<ConnectionFault, { fault: Name }> | undefined {
  return profile.faults.find((fault): fault is Extract<ConnectionFault, { fault: Name }> => fault.fault === name);
}
