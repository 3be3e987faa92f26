import type { Speech } from '#shared/contract/audio-in.ts';

/** Until when the newest picture matters more than its cost. */
export interface Attention {
  readonly utterance?: number;
  readonly untilMs: number;
}

/** An end that never comes (the microphone's process died) must not keep the camera at its highest rate. */
const LONGEST_UTTERANCE_MS = 60_000;
/** A question in text is answered from the first picture after it. */
const QUESTION_MS = 600;

export const NO_ATTENTION: Attention = { untilMs: Number.NEGATIVE_INFINITY };

/** From the first possible speech to its end, because nobody knows beforehand when the end will be. */
export function hearSpeech(attention: Attention, { utterance, state }: Speech, nowMs: number): Attention {
  if (state === 'possible' || state === 'started') return { utterance, untilMs: nowMs + LONGEST_UTTERANCE_MS };
  return utterance === attention.utterance ? NO_ATTENTION : attention;
}

export function hearQuestion(attention: Attention, nowMs: number): Attention {
  return { ...attention, untilMs: Math.max(attention.untilMs, nowMs + QUESTION_MS) };
}
