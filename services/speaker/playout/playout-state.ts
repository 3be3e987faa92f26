import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { type GainSlope, type Ramp, steady } from './ramp.ts';
import type { TurnPlan } from './turn-plan.ts';

/** Why nothing of a reply may sound just now. */
export type Hold = 'speech' | 'alert' | 'standby';

export type PlayoutEvent =
  /** The thinker spoke of this turn. A turn heard of can be interrupted before its first sample is there. */
  | { type: 'announced'; turn: number; utterance?: number }
  | { type: 'received'; turn: number; from: number; to: number }
  | { type: 'ended'; turn: number }
  /** A predecessor is playing this turn and has come to `position`; nothing before it is of interest. */
  | { type: 'continued'; turn: number; position: number }
  /** The predecessor has stopped, here. */
  | { type: 'restored'; inheritance: Inheritance }
  /** Everything heard of so far is dropped, but for the turn that answers the interrupting utterance (or a later one). */
  | { type: 'interrupted'; utterance?: number }
  | { type: 'dropped'; turn: number }
  | { type: 'held'; by: Hold }
  | { type: 'released'; by: Hold }
  | { type: 'levelChanged'; level: number }
  | { type: 'latencyChanged'; samples: number }
  /** The device is gone, and so is what it had not yet played. */
  | { type: 'deviceLost'; unheardSamples: number }
  /** The device has given back the newest of what it was handed: stretches at full gain, or silence, and nothing else. */
  | { type: 'takenBack'; samples: number }
  /** The device takes its next samples. */
  | { type: 'pulled'; samples: number };

export type PlayoutEffect =
  /** Samples `from` to `from + count` of the turn sound from `offset` in the pulled block on. */
  | {
      type: 'sounded';
      turn: number;
      from: number;
      count: number;
      offset: number;
      fade: GainSlope;
      level: GainSlope;
    }
  | {
      type: 'told';
      turn: number;
      state: 'started' | 'progress' | 'paused' | 'resumed' | 'finished' | 'interrupted';
      position: number;
    }
  | { type: 'underran'; turn: number; heldSamples: number }
  | { type: 'skipped'; turn: number; from: number; to: number }
  /** No sample of this turn is needed any more. */
  | { type: 'forgotten'; turn: number };

/** Where a predecessor stopped. */
export interface Inheritance {
  readonly turns: readonly { readonly turn: number; readonly position: number; readonly told: TurnPlan['told'] }[];
  readonly current?: number | undefined;
  /** Handed over to the last sample, with `left` samples still to be heard. */
  readonly leaving: readonly { readonly turn: number; readonly position: number; readonly left: number }[];
  readonly over: readonly number[];
  readonly known: PlayoutState['known'];
  /** Samples handed over that died with the predecessor. */
  readonly lostSamples: number;
  /** Nobody plays until we do. What is asked for comes in a burst then, and is not to be chased with 20 ms of it. */
  readonly afterGap?: boolean;
}

export interface PlayoutState {
  /** Turns with samples to play, in order of number. */
  readonly turns: readonly TurnPlan[];
  /** The one that sounds, or would if it were not held or starved. */
  readonly current?: number;
  /** Its samples are being handed over (perhaps in a ramp to silence). */
  readonly moving: boolean;
  /** Dropped, and fading out. */
  readonly doomed: boolean;
  readonly fade: Ramp;
  readonly level: Ramp;
  readonly holds: readonly Hold[];
  /** Handed over to the last sample, still on their way through the device. */
  readonly leaving: readonly { readonly plan: TurnPlan; readonly left: number }[];
  readonly latency: number;
  /** Turns announced, with the utterance each answers. Bounded. */
  readonly known: readonly { readonly turn: number; readonly utterance?: number | undefined }[];
  /** Turns that never sound again. Bounded; the longest gone is forgotten first. */
  readonly over: readonly number[];
  /** The jitter buffer: samples that must be there before a turn begins or goes on. */
  readonly prebuffer: number;
  /** Samples of silence since the current turn ran dry; undefined while it has not. */
  readonly dryFor?: number;
  readonly underranInTurn: boolean;
  readonly sinceTold: number;
}

export const samplesOf = (milliseconds: number): number => Math.round((milliseconds * REPLY_RATE_HZ) / 1000);

/** Down in 5 ms: the shortest ramp that is not heard as a click, for the sake of the time to silence. */
export const RAMP_DOWN = samplesOf(5);
/** Up, and between two loudnesses, there is no hurry. */
export const RAMP_UP = samplesOf(10);
/** Gemini sends its first samples in a burst, so a reply need not wait for more than one frame. */
export const PREBUFFER_MIN = samplesOf(20);
/** After a first underrun; doubled by each further one, halved by each turn without. */
export const PREBUFFER_AFTER_UNDERRUN = samplesOf(120);
/** A reply that arrives at 80 % of real time then sounds in stretches of 4 s. */
export const PREBUFFER_MAX = samplesOf(800);
/** A turn that is dry for this long makes way for the next one: its publisher has most likely died. */
export const DRY_LIMIT = samplesOf(1_000);
export const PROGRESS_EVERY = samplesOf(200);
/** More turns than this are never waiting; a stranger who floods the topic gets no further. */
export const MAX_TURNS = 32;
export const MAX_KNOWN = 64;
export const MAX_OVER = 512;

export const initialPlayout: PlayoutState = {
  turns: [],
  moving: false,
  doomed: false,
  fade: steady(0),
  level: steady(1),
  holds: [],
  leaving: [],
  latency: 0,
  known: [],
  over: [],
  prebuffer: PREBUFFER_MIN,
  underranInTurn: false,
  sinceTold: 0,
};
