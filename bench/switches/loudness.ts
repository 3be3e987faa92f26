import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Recording } from '../../test/integration/harness/virtual-sound-card.ts';
import { knownTimeMs, LOUD } from '../loudspeaker.ts';

/** How loud the tone of `speakTone` is, of 32,768: a range, because sound servers resample. */
export interface Loudness {
  least: number;
  most: number;
}

/** One period of the tone, a millisecond: its effective value is the tone's amplitude, whatever a resampler makes of its edges. */
const PERIOD_SAMPLES = REPLY_RATE_HZ / 1_000;
/** A loudness that has been held for so long has been reached; ramps pass through it faster. */
const HELD_MS = 15;

export const SILENCE: Loudness = { least: 0, most: 0.025 * LOUD };

/** The tone at this gain, within a tenth. */
export function toneAt(gain: number): Loudness {
  return { least: 0.9 * gain * LOUD, most: 1.1 * gain * LOUD };
}

/** Where the tone begins to be as loud as `wanted` for `heldMs`, in samples; undefined where it never is. */
export function reachedAt(samples: Int16Array, wanted: Loudness, heldMs = HELD_MS): number | undefined {
  let held = 0;
  for (let from = 0; from + PERIOD_SAMPLES <= samples.length; from += PERIOD_SAMPLES) {
    const level = effectiveValue(samples.subarray(from, from + PERIOD_SAMPLES));
    held = level >= wanted.least && level <= wanted.most ? held + 1 : 0;
    if (held === heldMs) return from - (heldMs - 1) * PERIOD_SAMPLES;
  }
  return undefined;
}

/** Milliseconds from `act` to the loudness at the loudspeaker's monitor, by the recorder's clock. */
export async function timeToReach(recording: Recording, wanted: Loudness, act: () => void): Promise<number> {
  const before = recording.length;
  const startMs = performance.now();
  act();
  const at = await recording.until((samples) => {
    const reached = reachedAt(samples, wanted);
    return reached === undefined ? undefined : before + reached;
  }, before);
  return (await knownTimeMs(recording, at)) - startMs;
}

function effectiveValue(samples: Int16Array): number {
  let squares = 0;
  for (const sample of samples) squares += sample * sample;
  return Math.sqrt(squares / samples.length);
}
