import type { Session as SessionReport, Transcript, Turn as TurnReport } from '#shared/contract/thinker.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { AnswerBackend } from './backends/answer-backend.ts';
import type { ConversationPolicy } from './conversation/conversation-state.ts';
import type { MemoryStore } from './conversation/memory-store.ts';
import type { ConnectLive } from './live/live-connection.ts';
import type { HandleStore } from './session/handle-store.ts';
import type { SessionPolicy } from './session/session-state.ts';
import type { ToolboxOptions } from './tools/toolbox.ts';

/** Where the thinker's words go. */
export interface ThinkerOutput {
  turn(report: TurnReport): void;
  transcript(transcript: Transcript): void;
  session(report: SessionReport): void;
  audio(frame: PcmFrame): void;
  /** A tool is called, and what became of a layer's declaration or result. */
  toolCall: ToolboxOptions['call'];
  toolStatus: ToolboxOptions['tell'];
  /** Spoken to the user by the loudspeaker itself, with every backend dead. */
  explain(text: string): void;
}

export interface ThinkerOptions {
  clock: Clock;
  log: Log;
  meters: Meters;
  output: ThinkerOutput;
  connect: ConnectLive;
  handles: HandleStore;
  memory: MemoryStore;
  /** Whether a predecessor has left all sound of this turn that it had published. */
  isSoundLeft(turn: number): boolean;
  /** Asks the microphone for the samples of an utterance, from its beginning. */
  recall(utterances: readonly number[]): void;
  /** What was spoken after this utterance is to be heard, and nothing from before; a predecessor was done with that. */
  catchUp(settledUtterance: number): void;
  /** Below `live`, best first. */
  backends: readonly AnswerBackend[];
  identity: { model: string; simulated: boolean };
  firstTurn: number;
  serverVad: boolean;
  liveEnabled: boolean;
  /** An unchanged scene goes to Gemini again after this long within one question. */
  sceneResendMs: number;
  /** From 0 to 1. */
  random(): number;
  sessionPolicy?: SessionPolicy;
  conversationPolicy?: ConversationPolicy;
}
