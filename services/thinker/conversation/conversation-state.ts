import type { Failure } from '#shared/contract/thinker.ts';
import type { ServerEvent } from '../live/server-message.ts';
import type { Backend, Turn } from './turn.ts';

/** How long each kind of silence is borne; all in milliseconds. */
export interface ConversationPolicy {
  /** From the answer to the ping behind the question to the first output. Median 260 ms, p95 420 ms. */
  noOutputMs: number;
  /**
   * From the end of the question, or the last sign of life since, to a connection that looks dead because the question's
   * own ping is not answered, without the delay that is known. A second each way that nobody knows of yet fits in, with the
   * jitter of a mobile network; another connection (0.3 s) still answers before the next backend would be asked.
   */
  noPongMs: number;
  /** From the end of the question to handing it to the next backend down, where there is one. */
  fallBackAfterMs: number;
  /** As above, where there is no connection; a new one takes 300 ms. */
  connectWithinMs: number;
  /** From the end of the question to the last backend's turn, which needs time to begin as well. */
  lastBackendAfterMs: number;
  /** From the end of the question to an answer, or a spoken reason why there is none, or that it takes longer. */
  answerWithinMs: number;
  /** From the end of the question to giving up on whoever shows that he works on it (thoughts, tool calls, the last backend). */
  workWithinMs: number;
  /** Between two pieces of an answer that is not complete. */
  stalledMs: number;
  /** After a `turnComplete` without `generationComplete`, output may still follow. */
  settleMs: number;
  /** How long the server's last word on a turn is waited for; Google waits for the assumed playback (17 s seen). */
  owedMs: number;
  /** A server that has not acknowledged a cut this long after the next question began had nothing to cut. */
  acknowledgedMs: number;
  /** Sound without words beyond this is a tone or noise in place of speech (14 s of it have been seen), in seconds. */
  wordlessSeconds: number;
  /** As above, where not a single word has come: some servers send no transcript at all. */
  silentTranscriptSeconds: number;
  /** How long a transcript may lag behind its sound, before and after the end of the answer. */
  transcriptLagMs: number;
  /** How long the speaker may take to begin with an answer before nobody seems to play it. */
  playbackStartMs: number;
  /** How long the speaker may be silent about an answer it plays. */
  playbackSilenceMs: number;
  /** As above, while samples of it are missed. Whoever plays reports five times a second; who has them plays on. */
  soundLostMs: number;
}

export const CONVERSATION_POLICY: ConversationPolicy = {
  noOutputMs: 1_500,
  noPongMs: 3_000,
  fallBackAfterMs: 4_500,
  connectWithinMs: 2_500,
  lastBackendAfterMs: 6_000,
  answerWithinMs: 7_000,
  workWithinMs: 20_000,
  stalledMs: 4_000,
  settleMs: 700,
  owedMs: 30_000,
  acknowledgedMs: 1_000,
  wordlessSeconds: 10,
  silentTranscriptSeconds: 25,
  transcriptLagMs: 5_000,
  playbackStartMs: 1_000,
  playbackSilenceMs: 10_000,
  soundLostMs: 700,
};

/** What is known of the way to the server; Unix milliseconds, 0 for never. */
export interface Network {
  /** When anything last came from the server, a pong included. */
  readonly heardAtMs: number;
  /** The distance, both ways, of what had not to wait for sound of ours. */
  readonly rttMs: number;
  /** The newest ping that was answered, and its answer: whatever had been sent before it has arrived. */
  readonly pingedAtMs: number;
  readonly pongedAtMs: number;
}

/** The server has not closed a turn that is over for us; what it still sends of it is of no use. */
export interface Owed {
  readonly turn: number;
  /**
   * Whether audio of it can still be under way. `surely`: it was cut while its audio came, so `interrupted` must come
   * first. `perhaps`: it was cut before its first audio; servers that had not begun yet acknowledge nothing. `overdue`:
   * another backend answers, since none had come; audio that comes before the next question is sent makes it `surely`.
   */
  readonly audio: 'surely' | 'perhaps' | 'overdue' | 'no';
  readonly sinceMs: number;
}

/** The number a predecessor gave to the turn of an utterance. */
export interface InheritedTurn {
  readonly turn: number;
  readonly utterance: number;
}

export interface ConversationState extends Network {
  readonly upcomingTurn: number;
  readonly connected: boolean;
  /** Why there is no Live session and none is being tried. */
  readonly liveFailure?: Failure;
  readonly level: Backend;
  /** Backends below `live` that this thinker has, best first. */
  readonly lowerBackends: readonly Backend[];
  /** Gemini's own detection decides the turns; the microphone streams all the time. */
  readonly serverVad: boolean;
  /** Turns a predecessor has announced for what is being spoken, and not ended. */
  readonly inherited: readonly InheritedTurn[];
  /** The turn whose question is being asked or answered. */
  readonly active?: Turn;
  /** When it became so; until then it may have waited for another one. */
  readonly activeSinceMs: number;
  /** Part of the active question has gone to the present connection. */
  readonly atServerSinceMs?: number;
  /** How often the active question has been put whole, and how many connections were given up for it. */
  readonly asks: number;
  readonly reconnects: number;
  /** When the active question was last sent whole. */
  readonly sentAtMs: number;
  /** The last sign of life concerning the active turn. */
  readonly lifeAtMs: number;
  readonly serverWorks: boolean;
  /** The server waits for results of tools; its silence is ours. */
  readonly toolsRunning: boolean;
  /** The user has been told that it takes longer. */
  readonly patienceAsked: boolean;
  /** The active answer broke off and the model was asked to go on; once is enough. */
  readonly goneOn: boolean;
  /** The newest turn that asks for the rest of a broken-off one. */
  readonly again?: { readonly turn: number; readonly restOf: number };
  /** The active answer seems complete, unless something follows until then. */
  readonly settleAtMs?: number;
  /** Questions that wait for the active turn; the user's own come first. */
  readonly waiting: readonly Turn[];
  /** Answers being played, and the last turns that are over. */
  readonly recent: readonly Turn[];
  readonly owed?: Owed;
  /** Whose `turnComplete` came last, and when: a usage report right behind it is that turn's. */
  readonly completed?: { readonly turn: number; readonly atMs: number };
  /** Whose words came late, and when the last of them did: what follows closely is the rest of them. */
  readonly lateWords?: { readonly turn: number; readonly atMs: number };
}

/** Pieces of one burst come within a few milliseconds of each other, even over a poor network. */
export const BURST_MS = 100;

/** What a backend below `live` reports of an answer; ends with `finished` or `failed`. */
export type BackendReport =
  | { type: 'userText'; text: string }
  | { type: 'modelText'; text: string }
  | { type: 'audio'; samples: number }
  | { type: 'usage'; usage: Readonly<Record<string, number>> }
  | { type: 'finished' }
  | { type: 'failed'; failure: Failure };

/** `withFrame`: what the camera shows belongs to the question. `userText`: what of it the user is taken to have said. */
export interface TextAsked {
  type: 'textAsked';
  kind: 'ask' | 'say';
  text: string;
  userText: string;
  withFrame: boolean;
  /** It asks for the rest of this turn's answer. */
  restOf?: number;
}

export type ConversationEvent = {
  atMs: number;
} /** The first samples of an utterance are there. `speechStartedMs`: Unix time of the first one. */ & (
  | { type: 'utteranceStarted'; utterance: number; speechStartedMs: number }
  | { type: 'utteranceEnded'; utterance: number; speechEndedMs: number }
  | TextAsked
  /** A predecessor announced this turn for the utterance; its samples are being asked for. */
  | { type: 'turnInherited'; turn: number; utterance: number }
  /** A predecessor's turn that the server has nothing more for: still being played, or, with `failure`, broken off. */
  | { type: 'turnLeftBehind'; turn: Turn; failure?: Failure }
  /** The beginning of the question has left for the server. */
  | { type: 'questionStarted'; turn: number }
  /** The end of it has. */
  | { type: 'questionSent'; turn: number }
  | { type: 'interruptAsked'; byVoice: boolean; utterance?: number }
  /** It was no question after all, or the user has blocked the microphone in the middle of it. */
  | { type: 'questionDiscarded'; utterance: number }
  | { type: 'connected' }
  | { type: 'disconnected' }
  /** There will be no connection until a person does something about it. */
  | { type: 'liveFailed'; failure: Failure }
  | { type: 'levelChanged'; level: Backend }
  /** `samples` counts those of an audio event. */
  | { type: 'serverSaid'; event: ServerEvent; samples?: number }
  | { type: 'backendReported'; turn: number; report: BackendReport }
  /** Whoever plays the turn asks for its samples from there on, and nobody has them any more. */
  | { type: 'soundMissed'; turn: number; position: number }
  | { type: 'played'; turn: number; state: 'playing' | 'over'; position: number }
  /** The server waits for no tool any more: it has every result, or does not want it. */
  | { type: 'toolsAnswered' }
  | { type: 'usageBooked'; usage: Readonly<Record<string, number>> }
  | { type: 'timePassed'; network: Network }
);

export type ConversationEffect =
  | { type: 'announce'; turn: Turn }
  | { type: 'transcribe'; turn: Turn; role: 'user' | 'model'; final: boolean }
  /** A text question has become a turn. */
  | { type: 'prepareText'; turn: number; kind: 'ask' | 'say'; text: string; withFrame: boolean }
  /** Puts the turn's question, from its beginning, to the present connection. `remark` goes along with it. */
  | { type: 'ask'; turn: Turn; remark?: string }
  /** Asks for the rest of an answer that broke off on this connection. */
  | { type: 'goOn'; turn: Turn }
  /** Nothing further of the question is sent, and an open activity is closed. */
  | { type: 'withdraw'; turn: number }
  /** Stops the server's answer without a word of the user. */
  | { type: 'hush' }
  /** The audio that came with this event is the turn's. */
  | { type: 'playAudio'; turn: number }
  | { type: 'endAudio'; turn: number }
  /** As above, for a turn whose samples are lost from there on. */
  | { type: 'endLostAudio'; turn: number; position: number }
  | { type: 'answerWith'; turn: Turn; backend: Backend }
  | { type: 'cancelAnswer'; turn: number }
  | { type: 'reconnect' }
  /** Speaks to the user without any backend. */
  | { type: 'explain'; text: string }
  /** The turn's record has changed for good: what was said, and what was heard of it. */
  | { type: 'remember'; turn: Turn }
  | { type: 'count'; name: string };

/** A state being changed within one `next`; frozen again when it is returned. */
export type Draft = { -readonly [Key in keyof ConversationState]: ConversationState[Key] } & {
  effects: ConversationEffect[];
  nowMs: number;
  policy: ConversationPolicy;
};

export function initialConversation(options: {
  firstTurn: number;
  level: Backend;
  lowerBackends: readonly Backend[];
  serverVad: boolean;
}): ConversationState {
  return {
    upcomingTurn: options.firstTurn,
    connected: false,
    level: options.level,
    lowerBackends: options.lowerBackends,
    serverVad: options.serverVad,
    activeSinceMs: 0,
    asks: 0,
    reconnects: 0,
    sentAtMs: 0,
    heardAtMs: 0,
    rttMs: 0,
    pingedAtMs: 0,
    pongedAtMs: 0,
    lifeAtMs: 0,
    serverWorks: false,
    toolsRunning: false,
    patienceAsked: false,
    goneOn: false,
    inherited: [],
    waiting: [],
    recent: [],
  };
}
