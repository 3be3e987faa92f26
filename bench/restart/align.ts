import type { IndexRange } from '#shared/audio/coded-signal.ts';

/** How a recording follows its source: what of the source is missing or twice between the recording's first and last found sample. */
export interface Alignment {
  lost: IndexRange[];
  doubled: IndexRange[];
  /** Recorded samples that are nowhere in the source. */
  strange: number;
  firstIndex: number;
  lastIndex: number;
}

/** A window this long is unique in a source with noise in every sample. */
const WINDOW = 12;

/**
 * Follows `recording` through `source`, sample by sample; where they part, the next window is looked up in the source.
 * The source must not repeat itself within WINDOW samples (see `withNoise`).
 */
export function align(source: Int16Array, recording: Int16Array): Alignment {
  const positions = new Map<string, number>();
  for (let at = 0; at + WINDOW <= source.length; at += 1) positions.set(key(source, at), at);
  const result: Alignment = { lost: [], doubled: [], strange: 0, firstIndex: -1, lastIndex: -1 };
  let expected = -1;
  for (let at = 0; at < recording.length; at += 1) {
    if (expected >= 0 && expected < source.length && recording[at] === source[expected]) {
      result.lastIndex = expected;
      expected += 1;
      continue;
    }
    const found = at + WINDOW <= recording.length ? positions.get(key(recording, at)) : undefined;
    if (found === undefined) {
      if (expected >= 0) result.strange += 1;
      continue;
    }
    const heldZeros = found < expected && source.subarray(found, expected).every((sample) => sample === 0);
    if (expected < 0) result.firstIndex = found;
    // Silence put in by a card that ran dry looks like the source where that is 0 itself: nothing is twice.
    else if (heldZeros) result.strange += expected - found;
    else if (found > expected) result.lost.push({ from: expected, to: found });
    else if (found < expected) result.doubled.push({ from: found, to: expected });
    expected = found + 1;
    result.lastIndex = found;
  }
  // Before the first and behind the last found sample the recording is the room's silence, not part of the signal.
  result.strange -= tailOfStrangers(recording, source[result.lastIndex]);
  return result;
}

/** How many samples ranges hold. */
export function total(ranges: readonly IndexRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

function tailOfStrangers(recording: Int16Array, last: number | undefined): number {
  let count = 0;
  while (count < recording.length && recording[recording.length - 1 - count] !== last) count += 1;
  return count;
}

function key(samples: Int16Array, at: number): string {
  return samples.subarray(at, at + WINDOW).join();
}

/** The signal with a little deterministic noise (±64, −54 dBFS), so that no part of it, not even silence, occurs twice. */
export function withNoise(samples: Int16Array): Int16Array {
  let state = 0x2545f491;
  return samples.map((sample) => {
    // xorshift32 (Marsaglia 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.max(-32_768, Math.min(32_767, sample + (state & 127) - 64));
  });
}

/** The longest run of silence between the first and the last sound, in samples; `from` is where it begins. */
export function longestSilence(recording: Int16Array): { samples: number; from: number } {
  let longest = { samples: 0, from: 0 };
  let run = 0;
  let heard = false;
  for (const [at, sample] of recording.entries()) {
    if (sample === 0) {
      run += 1;
      continue;
    }
    if (heard && run > longest.samples) longest = { samples: run, from: at - run };
    heard = true;
    run = 0;
  }
  return longest;
}
