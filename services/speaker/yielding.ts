import type { Speech } from '#shared/contract/audio-in.ts';
import { isShortlyBefore } from '#shared/pcm/stream-number.ts';

/** What the user's voice does to the reply. */
export type BargeIn = 'pause' | 'duck' | 'off';

export type YieldingEvent =
  | { type: 'speech'; speech: Pick<Speech, 'utterance' | 'state'>; atMs: number }
  /** The highest probability of speech in the last fifth of a second, 0 to 1. */
  | { type: 'level'; probability: number; atMs: number }
  | { type: 'bargeInChanged'; bargeIn: BargeIn }
  /** The microphone's process is gone: it will never say how the utterance went on. */
  | { type: 'listenerLost' }
  /** What the predecessor was yielding to. */
  | { type: 'inherited'; heard: NonNullable<YieldingState['heard']> }
  | { type: 'tick'; atMs: number };

export interface YieldingState {
  readonly bargeIn: BargeIn;
  /** The utterance that is, or may be, going on. */
  readonly heard?: {
    readonly utterance: number;
    readonly sure: boolean;
    readonly untilMs: number;
    /** Since when the detector hears nobody, Unix milliseconds. */
    readonly silentSinceMs?: number;
  };
}

/** Evidence nobody confirmed or withdrew for this long is withdrawn: a cough must never leave the assistant silent for good. */
export const POSSIBLE_LIMIT_MS = 3_000;
/** The longest utterance is 60 s (it is split there), so an end this late was lost. */
export const STARTED_LIMIT_MS = 65_000;
/** No pause within a sentence is as long. */
export const SILENT_LIMIT_MS = 3_000;
/** Less than this is no speech at any sensible threshold of the detector: silence has 0.05. */
const SILENT_PROBABILITY = 0.2;

/** Follows the voice activity detector. Pure. */
export function nextYielding(state: YieldingState, event: YieldingEvent): YieldingState {
  switch (event.type) {
    case 'bargeInChanged':
      return { ...state, bargeIn: event.bargeIn };
    case 'inherited':
      return { ...state, heard: state.heard ?? event.heard };
    case 'listenerLost':
      return { bargeIn: state.bargeIn };
    case 'tick':
      return state.heard && event.atMs >= state.heard.untilMs ? { bargeIn: state.bargeIn } : state;
    case 'level':
      return heardLevel(state, event);
    case 'speech': {
      const { utterance, state: evidence } = event.speech;
      if (evidence === 'ended' || evidence === 'discarded') {
        return state.heard && isShortlyBefore(utterance, state.heard.utterance) ? state : { bargeIn: state.bargeIn };
      }
      const sure = evidence === 'started';
      const untilMs = event.atMs + (sure ? STARTED_LIMIT_MS : POSSIBLE_LIMIT_MS);
      return { bargeIn: state.bargeIn, heard: { utterance, sure, untilMs } };
    }
  }
}

/** Certain speech that the detector itself hears nothing of: its end was lost, or a faulty layer has made it up. */
function heardLevel(state: YieldingState, { probability, atMs }: { probability: number; atMs: number }): YieldingState {
  const { bargeIn, heard } = state;
  if (!heard?.sure) return state;
  const { silentSinceMs = atMs, ...before } = heard;
  if (probability >= SILENT_PROBABILITY) return { bargeIn, heard: before };
  return atMs - silentSinceMs >= SILENT_LIMIT_MS ? { bargeIn } : { bargeIn, heard: { ...before, silentSinceMs } };
}

/**
 * What the reply does just now. Speech that is certain pauses it even in `duck`: the interrupt has dropped what sounded,
 * and nothing new may begin over the user's words.
 */
export function yieldingTo({ bargeIn, heard }: YieldingState): 'nothing' | 'duck' | 'pause' {
  if (!heard || bargeIn === 'off') return 'nothing';
  return bargeIn === 'duck' && !heard.sure ? 'duck' : 'pause';
}
