import type { PcmFrame } from './frame.ts';
import { isShortlyBefore } from './stream-number.ts';

/**
 * Puts the frames of PCM streams in order, without gap, overlap or repetition, and says what to ask the publisher for.
 * Pure: time comes with the events.
 */
export interface AssemblerPolicy {
  /** A gap (or a silent open stream) is asked for again this often. */
  askEveryMs: number;
  /** An open stream without frames for this long is asked for; undefined where the publisher may pause at will. */
  stallAskMs?: number;
  /** A gap nobody filled for this long is skipped and reported as lost. */
  giveUpMs: number;
  /** An open stream with neither frame nor answer for this long has ended (its publisher died); undefined: never. */
  abandonMs?: number;
}

export type AssemblerEvent =
  | { type: 'frame'; frame: PcmFrame; atMs: number }
  | { type: 'tick'; atMs: number }
  /** A stream is to be had from `from` on (a successor goes on where its predecessor stopped). */
  | { type: 'expect'; stream: number; from: number; atMs: number }
  /** Nothing new is published of it any more. What there is and has not come is asked for; without an answer it ends where it is. */
  | { type: 'close'; stream: number; atMs: number }
  /** Nothing of this stream, or of the ones shortly before it, matters any more. */
  | { type: 'forget'; upToStream: number };

export type AssemblerEffect =
  | { type: 'samples'; stream: number; position: number; samples: Int16Array; sampleRateHz: number; timeUs: number }
  /** `position` is the stream's length; `complete` is false where its last frame has not been seen. */
  | { type: 'ended'; stream: number; position: number; complete: boolean }
  | { type: 'ask'; stream: number; from: number }
  | { type: 'lost'; stream: number; from: number; to: number };

interface StreamState {
  next: number;
  /** Frames beyond `next`, by position. */
  waiting: readonly PcmFrame[];
  /** The stream's length, once its last frame has been seen. */
  length?: number;
  ended: boolean;
  heardAtMs: number;
  askedAtMs: number;
  gapSinceMs?: number;
  closingSinceMs?: number;
}

export interface AssemblerState {
  /** Those that are open. */
  readonly streams: ReadonlyMap<number, StreamState>;
  /** Those that have ended, the newest last: frames sent again for another subscriber do not start them anew. */
  readonly over: readonly number[];
  /** This stream and the ones shortly before it never come back. */
  readonly forgottenUpTo: number;
}

export const emptyAssembler: AssemblerState = { streams: new Map(), over: [], forgottenUpTo: -1 };

/**
 * A publisher has one or two open at a time. With more of them somebody makes streams up, and the one that has been silent
 * for longest is ended: never the lowest number, or made-up high ones would shut out everything that really comes.
 */
const MAX_OPEN = 16;
/** More than any publisher keeps for sending again. */
const MAX_OVER = 256;
/** A publisher answers within milliseconds; on a busy machine, within a few hundred. */
const CLOSE_MS = 1_000;
/** By then a publisher that was started again has answered; afterwards it is asked ever more rarely. */
const PATIENT_AFTER_MS = 5_000;
const NEVER = Number.NEGATIVE_INFINITY;

export function nextAssembler(
  state: AssemblerState,
  event: AssemblerEvent,
  policy: AssemblerPolicy,
): { state: AssemblerState; effects: AssemblerEffect[] } {
  switch (event.type) {
    case 'forget': {
      const after = { ...state, forgottenUpTo: Math.max(state.forgottenUpTo, event.upToStream) };
      const streams = new Map([...state.streams].filter(([stream]) => !isOver(after, stream)));
      return { state: { ...after, streams }, effects: [] };
    }
    case 'expect': {
      if (isOver(state, event.stream) || state.streams.has(event.stream)) return { state, effects: [] };
      const fresh = { ...newStream(event.atMs), next: event.from, askedAtMs: event.atMs };
      return put(state, event.stream, fresh, [{ type: 'ask', stream: event.stream, from: event.from }]);
    }
    case 'close': {
      const { stream, atMs } = event;
      if (isOver(state, stream)) return { state, effects: [] };
      const known = state.streams.get(stream) ?? newStream(atMs);
      const closing = { ...known, closingSinceMs: known.closingSinceMs ?? atMs, askedAtMs: atMs };
      return put(state, stream, closing, [{ type: 'ask', stream, from: known.next }]);
    }
    case 'frame': {
      const { frame, atMs } = event;
      const known = state.streams.get(frame.stream);
      if (!known && (isOver(state, frame.stream) || isBygone(state, frame))) return { state, effects: [] };
      return settle(state, frame.stream, admit(known ?? newStream(atMs), frame, atMs), atMs, policy);
    }
    case 'tick': {
      let current = state;
      const effects: AssemblerEffect[] = [];
      for (const [stream, streamState] of state.streams) {
        const step = settle(current, stream, streamState, event.atMs, policy);
        current = step.state;
        effects.push(...step.effects);
      }
      return { state: current, effects };
    }
  }
}

function isOver({ over, forgottenUpTo }: AssemblerState, stream: number): boolean {
  return stream === forgottenUpTo || isShortlyBefore(stream, forgottenUpTo) || over.includes(stream);
}

/**
 * Shown again for whoever has missed it, and older than what is forgotten by so much that it was given before a restart. What
 * is just being said is new, however low its number: a clock may have been set back.
 */
function isBygone({ forgottenUpTo }: AssemblerState, { stream, resent }: PcmFrame): boolean {
  return resent && stream < forgottenUpTo;
}

function newStream(atMs: number): StreamState {
  return { next: 0, waiting: [], ended: false, heardAtMs: atMs, askedAtMs: NEVER };
}

/** The stream with the frame among the waiting ones; a repetition changes nothing but the time of the last sign of life. */
function admit(stream: StreamState, frame: PcmFrame, atMs: number): StreamState {
  const end = endOf(frame);
  const admitted: StreamState = { ...stream, heardAtMs: atMs };
  // Where the publisher has lost it, the end is told to whoever asks, from where that one asks: we may have more.
  if (frame.last) admitted.length = Math.max(end, stream.next, ...stream.waiting.map(endOf));
  const known = stream.waiting.some(
    (other) => other.position === frame.position && other.samples.length >= frame.samples.length,
  );
  if (end > stream.next && !known) {
    admitted.waiting = [...stream.waiting, frame].sort((one, other) => one.position - other.position);
  }
  return admitted;
}

function endOf({ position, samples }: PcmFrame): number {
  return position + samples.length;
}

/** Delivers what is contiguous, ends what is whole, asks for what is missing, gives up what nobody has. */
function settle(
  state: AssemblerState,
  stream: number,
  before: StreamState,
  atMs: number,
  policy: AssemblerPolicy,
): { state: AssemblerState; effects: AssemblerEffect[] } {
  const effects: AssemblerEffect[] = [];
  let current = deliver(stream, before, effects);
  // The answer is coming: asking for the rest of half a minute again at every look would have all of it sent many times over.
  if (before.gapSinceMs !== undefined && current.next > before.next) current = { ...current, askedAtMs: atMs };
  const hole = (): number | undefined => current.waiting[0]?.position ?? current.length;
  if (!current.ended && hole() !== undefined) {
    current = { ...current, gapSinceMs: current.gapSinceMs ?? atMs };
    if (atMs - (current.gapSinceMs ?? atMs) >= policy.giveUpMs) {
      const to = hole() ?? current.next;
      effects.push({ type: 'lost', stream, from: current.next, to });
      const { gapSinceMs: _closed, ...rest } = current;
      current = deliver(stream, { ...rest, next: to }, effects);
    }
  }
  if (current.ended) return put(state, stream, current, effects);
  const silentMs = atMs - current.heardAtMs;
  const isAbandoned = policy.abandonMs !== undefined && silentMs >= policy.abandonMs;
  const isClosed = current.closingSinceMs !== undefined && atMs - current.closingSinceMs >= CLOSE_MS;
  if (isAbandoned || (isClosed && hole() === undefined)) {
    effects.push({ type: 'ended', stream, position: current.next, complete: false });
    return put(state, stream, { ...current, ended: true, waiting: [] }, effects);
  }
  const missing = hole() !== undefined || (policy.stallAskMs !== undefined && silentMs >= policy.stallAskMs);
  const askEveryMs = silentMs < PATIENT_AFTER_MS ? policy.askEveryMs : silentMs / 5;
  if (missing && atMs - current.askedAtMs >= askEveryMs) {
    effects.push({ type: 'ask', stream, from: current.next });
    current = { ...current, askedAtMs: atMs };
  }
  return put(state, stream, current, effects);
}

function deliver(stream: number, before: StreamState, effects: AssemblerEffect[]): StreamState {
  let { next } = before;
  let taken = 0;
  for (const frame of before.waiting) {
    if (frame.position > next) break;
    taken += 1;
    const overlap = next - frame.position;
    if (overlap >= frame.samples.length) continue;
    const samples = frame.samples.subarray(overlap);
    const timeUs = frame.timeUs + Math.round((overlap * 1e6) / frame.sampleRateHz);
    effects.push({ type: 'samples', stream, position: next, samples, sampleRateHz: frame.sampleRateHz, timeUs });
    next += samples.length;
  }
  if (taken === 0 && before.length !== next) return before;
  const { gapSinceMs: _closed, ...rest } = before;
  const after: StreamState = { ...rest, next, waiting: before.waiting.slice(taken) };
  if (after.length !== undefined && next >= after.length) {
    effects.push({ type: 'ended', stream, position: next, complete: true });
    return { ...after, ended: true, waiting: [] };
  }
  return after;
}

function put(
  state: AssemblerState,
  stream: number,
  streamState: StreamState,
  effects: AssemblerEffect[],
): { state: AssemblerState; effects: AssemblerEffect[] } {
  const streams = new Map(state.streams).set(stream, streamState);
  if (streamState.ended) return { state: end(state, streams, stream), effects };
  if (streams.size <= MAX_OPEN) return { state: { ...state, streams }, effects };
  const [quietest, { next }] = [...streams].reduce((one, other) =>
    other[1].heardAtMs < one[1].heardAtMs ? other : one,
  );
  const ended: AssemblerEffect = { type: 'ended', stream: quietest, position: next, complete: false };
  return { state: end(state, streams, quietest), effects: [...effects, ended] };
}

function end(state: AssemblerState, streams: Map<number, StreamState>, stream: number): AssemblerState {
  streams.delete(stream);
  return { ...state, streams, over: [...state.over, stream].slice(-MAX_OVER) };
}
