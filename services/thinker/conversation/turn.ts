import type { Failure, Turn as TurnReport } from '#shared/contract/thinker.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';

export type Backend = TurnReport['backend'];
export type TurnPhase = TurnReport['state'];

/** One exchange: a question and its answer. */
export interface Turn {
  readonly number: number;
  /** How the question came: spoken, as text, or not at all (`say`: the text is the answer). */
  readonly kind: 'speech' | 'ask' | 'say';
  readonly utterance?: number;
  readonly phase: TurnPhase;
  readonly backend: Backend;
  /** Unix milliseconds of its milestones. */
  readonly timings: Readonly<Record<string, number>>;
  readonly userText: string;
  readonly modelText: string;
  /** Reply samples published, at 24 kHz. */
  readonly replySamples: number;
  /** Reply samples handed to the device, as the speaker reports. */
  readonly playedSamples: number;
  readonly playback: 'none' | 'playing' | 'over';
  /** Unix milliseconds of the speaker's last word on it. */
  readonly playbackAtMs?: number;
  /** The server has no more output for it. */
  readonly generated: boolean;
  /** The server has closed it. */
  readonly completed: boolean;
  readonly usage?: Readonly<Record<string, number>>;
  readonly failure?: Failure;
}

export type TurnEvent = { atMs: number } /** The question is whole (not necessarily sent). */ & (
  | { type: 'questionEnded' }
  | { type: 'questionSent' }
  | { type: 'audioArrived'; samples: number }
  | { type: 'userTextArrived'; text: string }
  | { type: 'modelTextArrived'; text: string }
  /** The whole text so far, in place of a piece. */
  | { type: 'textReplaced'; role: 'user' | 'model'; text: string }
  | { type: 'generated' }
  | { type: 'completed' }
  | { type: 'played'; state: 'playing' | 'over'; position: number }
  | { type: 'usageBooked'; usage: Readonly<Record<string, number>> }
  | { type: 'backendChanged'; backend: Backend }
  | { type: 'ended' }
  | { type: 'cut' }
  | { type: 'failed'; failure: Failure }
);

export function newTurn(number: number, kind: Turn['kind'], backend: Backend, utterance?: number): Turn {
  return {
    number,
    kind,
    ...(utterance !== undefined && { utterance }),
    phase: 'listening',
    backend,
    timings: {},
    userText: '',
    modelText: '',
    replySamples: 0,
    playedSamples: 0,
    playback: 'none',
    generated: false,
    completed: false,
  };
}

export function isOver(turn: Turn): boolean {
  return turn.phase === 'done' || turn.phase === 'interrupted' || turn.phase === 'failed';
}

/** What an event makes of a turn. A turn that is over stays over; texts, playback and usage still complete its record. */
export function nextTurn(turn: Turn, event: TurnEvent): Turn {
  switch (event.type) {
    case 'userTextArrived':
      return { ...turn, userText: joinTranscript(turn.userText, event.text) };
    case 'modelTextArrived':
      return { ...turn, modelText: joinTranscript(turn.modelText, event.text) };
    case 'textReplaced':
      return event.role === 'user' ? { ...turn, userText: event.text } : { ...turn, modelText: event.text };
    case 'played': {
      const position = Math.min(event.position, turn.replySamples);
      // What is queued can be taken back, and what a predecessor has left be cut: only the last word is the exact place.
      const playedSamples = event.state === 'over' ? position : Math.max(turn.playedSamples, position);
      return { ...turn, playback: event.state, playbackAtMs: event.atMs, playedSamples };
    }
    case 'usageBooked':
      return { ...turn, usage: addUp(turn.usage ?? {}, event.usage) };
    case 'completed':
      return stamp({ ...turn, completed: true }, 'turnComplete', event.atMs);
    default:
      break;
  }
  if (isOver(turn)) return turn;
  switch (event.type) {
    case 'questionEnded':
      return stamp(turn, 'questionEnded', event.atMs);
    case 'questionSent':
      if (turn.phase !== 'listening') return turn;
      return stamp({ ...turn, phase: 'thinking' }, 'activityEnded', event.atMs);
    case 'audioArrived':
      return stamp(
        { ...turn, phase: 'speaking', replySamples: turn.replySamples + event.samples },
        'firstAudio',
        event.atMs,
      );
    case 'generated':
      return stamp({ ...turn, generated: true }, 'generationComplete', event.atMs);
    case 'backendChanged':
      return { ...turn, backend: event.backend };
    case 'ended':
      return { ...turn, phase: 'done' };
    case 'cut':
      return stamp({ ...turn, phase: 'interrupted' }, 'interrupted', event.atMs);
    case 'failed':
      return { ...turn, phase: 'failed', failure: event.failure };
  }
}

/** The turn as other layers see it. @param atMs Unix milliseconds of this report. */
export function reportOf(turn: Turn, atMs: number): TurnReport {
  const heard = turn.playback === 'none' ? {} : { heardMs: heardMs(turn) };
  return {
    turn: turn.number,
    ...(turn.utterance !== undefined && { utterance: turn.utterance }),
    state: turn.phase,
    backend: turn.backend,
    ...(turn.failure && { error: turn.failure }),
    timings: { ...turn.timings },
    ...(turn.usage && { usage: { ...turn.usage } }),
    ...heard,
    at: atMs,
  };
}

export function heardMs(turn: Turn): number {
  return (turn.playedSamples / REPLY_RATE_HZ) * 1000;
}

/** The part of the answer that reached the ear, to the nearest whole word before the position; all of it once it was played out. */
export function heardText(turn: Turn): string {
  const { modelText, replySamples, playedSamples } = turn;
  if (replySamples === 0) return '';
  if (playedSamples >= replySamples) return modelText;
  const length = Math.floor((modelText.length * playedSamples) / replySamples);
  const space = modelText.lastIndexOf(' ', length);
  return space <= 0 ? '' : modelText.slice(0, space);
}

/** Slow speech, in characters of transcript a second; a brisk voice has 15. */
const SLOWEST_SPEECH_CHARACTERS = 8;

/** Seconds of the answer's sound that its transcript does not account for, at the slowest speech there is. */
export function unexplainedSeconds({ replySamples, modelText }: Turn): number {
  return replySamples / REPLY_RATE_HZ - modelText.length / SLOWEST_SPEECH_CHARACTERS;
}

/** Whether the answer's text ends like an answer; one without any text says nothing either way. */
export function looksComplete(turn: Turn): boolean {
  const text = turn.modelText.trimEnd();
  return text === '' || /[.!?…。！？)\]"”»]$/.test(text);
}

/** First stamps stay: a question asked again keeps the moment it was asked first. */
function stamp(turn: Turn, name: string, atMs: number): Turn {
  return name in turn.timings ? turn : { ...turn, timings: { ...turn.timings, [name]: atMs } };
}

/** Shorter pieces repeat by chance ("no, no"); longer ones that begin with everything so far are the whole text again. */
const LEAST_REPETITION = 12;

/** Models send pieces; some repeat the whole text so far, and late answers have come doubled. */
export function joinTranscript(soFar: string, piece: string): string {
  const repeated = soFar.length >= LEAST_REPETITION && piece.startsWith(soFar);
  const joined = repeated ? piece : soFar + piece;
  return joined.slice(0, MAX_TRANSCRIPT);
}

/** The contract's limit of a text. */
const MAX_TRANSCRIPT = 32_000;

function addUp(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = { ...one };
  for (const [name, value] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}
