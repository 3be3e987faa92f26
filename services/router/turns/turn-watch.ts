import type { Playback } from '#shared/contract/speaker.ts';
import type { Transcript, Turn } from '#shared/contract/thinker.ts';
import { isShortlyBefore } from '#shared/pcm/stream-number.ts';

/** What the router knows of the conversation: enough to tell whether it may still speak about a turn. */
export interface TurnWatch {
  /** The newest turn that the user began by speaking; 0 before the first. */
  readonly newestSpoken: number;
  /** In the order in which they were first heard of: a number may be made up. */
  readonly recent: readonly WatchedTurn[];
}

export interface WatchedTurn {
  readonly number: number;
  readonly state?: Turn['state'];
  /** It began with an utterance, not with a text. */
  readonly spoken: boolean;
  /** The reply's text so far. */
  readonly reply: string;
  /** Some of the reply reached the listener. */
  readonly heard: boolean;
  /** The router answered in the model's place; the model's own words are void. */
  readonly takenOver: boolean;
}

/** Turns further back are over and forgotten. */
const MAX_RECENT = 16;

export const NO_TURNS: TurnWatch = { newestSpoken: 0, recent: [] };

export function turnReported(watch: TurnWatch, { turn, utterance, state }: Turn): TurnWatch {
  const known = watch.recent.some(({ number, spoken }) => number === turn && spoken);
  const begins = utterance !== undefined && !known && !isShortlyBefore(turn, watch.newestSpoken);
  const newestSpoken = begins ? turn : watch.newestSpoken;
  return { ...amend(watch, turn, { state, spoken: utterance !== undefined }), newestSpoken };
}

export function replyTranscribed(watch: TurnWatch, { turn, text }: Transcript): TurnWatch {
  return amend(watch, turn, { reply: text });
}

export function replyPlayed(watch: TurnWatch, { turn, position }: Playback): TurnWatch {
  return position > 0 ? amend(watch, turn, { heard: true }) : watch;
}

export function turnTakenOver(watch: TurnWatch, turn: number): TurnWatch {
  return amend(watch, turn, { takenOver: true });
}

/** The user has spoken again since: nobody waits for an answer to this turn any more. */
export function isOvertaken(watch: TurnWatch, turn: number): boolean {
  return isShortlyBefore(turn, watch.newestSpoken);
}

export function stateOf(watch: TurnWatch, turn: number): Turn['state'] | undefined {
  return watch.recent.find(({ number }) => number === turn)?.state;
}

/** The thinker reports it and knows of no utterance: somebody sent it as text. */
export function isTyped(watch: TurnWatch, turn: number): boolean {
  const known = watch.recent.find(({ number }) => number === turn);
  return known?.state !== undefined && !known.spoken;
}

/** The model may still say something in this turn. A turn nobody has reported may be about to begin. */
export function isOpen(watch: TurnWatch, turn: number): boolean {
  const state = stateOf(watch, turn);
  return state !== 'done' && state !== 'interrupted' && state !== 'failed';
}

/** The text of the newest reply the user heard, at least in part; where no speaker reports, of the newest reply. */
export function lastReply(watch: TurnWatch): string | undefined {
  const replies = watch.recent.filter(({ reply, takenOver }) => reply !== '' && !takenOver);
  return (replies.findLast(({ heard }) => heard) ?? replies.at(-1))?.reply;
}

function amend(watch: TurnWatch, number: number, change: Partial<WatchedTurn>): TurnWatch {
  const known = watch.recent.find((turn) => turn.number === number);
  const turn = { number, spoken: false, reply: '', heard: false, takenOver: false, ...known, ...change };
  const recent = known ? watch.recent.map((other) => (other === known ? turn : other)) : [...watch.recent, turn];
  return { ...watch, recent: recent.slice(-MAX_RECENT) };
}
