import type { Speech } from '#shared/contract/audio-in.ts';

/** Keywords heard and utterances ended, brought together. */
export interface ShortStop {
  /** The newest utterance in which the keyword was heard. */
  readonly heardIn?: number;
  /** The newest utterance that was over soon enough to be nothing but the keyword. */
  readonly shortOne?: number;
  readonly newest: number;
}

export type ShortStopEvent =
  | { type: 'keywordHeard'; utterance: number }
  | { type: 'speechReported'; speech: Pick<Speech, 'utterance' | 'state' | 'speechMs'> };

/** "Stop talking, please" said slowly. In longer speech the word may be part of something else ("stop navigation and…"). */
const LONGEST_STOP_MS = 1_200;

export const NOTHING_HEARD: ShortStop = { newest: 0 };

/**
 * A keyword is a stop when it was all that was said: its utterance has ended and was short. `stops` is true once for each,
 * and never for an utterance after which the user has gone on speaking.
 */
export function nextShortStop(state: ShortStop, event: ShortStopEvent): { state: ShortStop; stops: boolean } {
  const after = noted(state, event);
  const { heardIn, shortOne, newest } = after;
  const stops = heardIn !== undefined && heardIn === shortOne && heardIn === newest;
  return stops ? { state: { newest }, stops } : { state: after, stops };
}

function noted(state: ShortStop, event: ShortStopEvent): ShortStop {
  if (event.type === 'keywordHeard') return { ...state, heardIn: event.utterance };
  const { utterance, state: speech, speechMs } = event.speech;
  const newest = Math.max(state.newest, utterance);
  if (speech !== 'ended' || speechMs > LONGEST_STOP_MS) return { ...state, newest };
  return { ...state, newest, shortOne: utterance };
}
