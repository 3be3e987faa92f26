/**
 * Where in `recent` the capture continues that ended with `tail`: the index of the sample after the last one of `tail`.
 * Two captures of one sound are never equal bit by bit (each has its own resampler), so the best normalised correlation
 * counts. Undefined where nothing fits well enough or where there is nothing to fit (digital silence).
 * @param expected where the clock says it is: of several equally good places (a steady tone) the nearest to it is taken.
 */
export function findSplice(tail: Int16Array, recent: Int16Array, expected: number): number | undefined {
  const tailEnergy = energyOf(tail, 0, tail.length);
  if (tailEnergy < tail.length * FAINTEST ** 2) return undefined;
  let energy = energyOf(recent, 0, tail.length);
  const scores: number[] = [];
  for (let lag = 0; lag + tail.length <= recent.length; lag += 1) {
    scores.push(energy > 0 ? product(tail, recent, lag) / Math.sqrt(tailEnergy * energy) : 0);
    energy += (recent[lag + tail.length] ?? 0) ** 2 - (recent[lag] ?? 0) ** 2;
  }
  const best = Math.max(...scores, 0);
  if (best < GOOD_FIT) return undefined;
  let nearest: number | undefined;
  for (const [lag, score] of scores.entries()) {
    const peak = score >= best - EQUALLY_GOOD && score >= (scores[lag - 1] ?? 0) && score >= (scores[lag + 1] ?? 0);
    const end = lag + tail.length;
    if (peak && (nearest === undefined || Math.abs(end - expected) < Math.abs(nearest - expected))) nearest = end;
  }
  return nearest;
}

/**
 * End of the loudest 40 ms among the last `within` samples: in a pause between two words the very last ones hold nothing
 * that could be found again.
 */
export function loudestStretch(samples: Int16Array, within: number): number {
  let loudest = { end: samples.length, energy: -1 };
  const first = Math.max(TAIL_SAMPLES, samples.length - within + TAIL_SAMPLES);
  for (let end = samples.length; end >= first; end -= TAIL_SAMPLES / 4) {
    const energy = energyOf(samples, end - TAIL_SAMPLES, end);
    if (energy > loudest.energy) loudest = { end, energy };
  }
  return loudest.end;
}

/** 40 ms: long enough to hold several periods of any voice, short enough to be found in a few milliseconds. */
export const TAIL_SAMPLES = 640;
/** Below this amplitude there is only the dither of the sound server, which is different in every capture. */
const FAINTEST = 3;
/** Two captures of speech through two resamplers correlate by 0.99 and more; other places in the same voice by less than 0.9. */
const GOOD_FIT = 0.95;
const EQUALLY_GOOD = 0.002;

function product(tail: Int16Array, recent: Int16Array, lag: number): number {
  let sum = 0;
  for (let i = 0; i < tail.length; i += 1) sum += (tail[i] as number) * (recent[lag + i] as number);
  return sum;
}

function energyOf(samples: Int16Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += (samples[i] ?? 0) ** 2;
  return sum;
}
