import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSplice, loudestStretch, TAIL_SAMPLES } from './splice.ts';

/** Speech-like: noise through a slow resonance, never repeating. */
function voice(length: number, seed: number, gain = 1): Int16Array {
  let state = seed >>> 0;
  let one = 0;
  let two = 0;
  return Int16Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const next = 1.6 * one - 0.8 * two + (state / 2 ** 31 - 1) * 300;
    two = one;
    one = next;
    return Math.round(next * gain);
  });
}

describe('the splice of two captures', () => {
  it('finds the very sample, wherever it lies and however the second capture was scaled and dithered', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: TAIL_SAMPLES, max: 4_000 }),
        fc.double({ min: 0.5, max: 1, noNaN: true }),
        (seed, end, gain) => {
          const first = voice(6_000, seed);
          const second = voice(6_000, seed, gain).map((sample, index) => sample + ((index * 7) % 3) - 1);
          expect(findSplice(first.subarray(end - TAIL_SAMPLES, end), second, 0)).toBe(end);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('finds nothing where the second capture holds something else', () => {
    expect(findSplice(voice(TAIL_SAMPLES, 1), voice(6_000, 99), 3_000)).toBeUndefined();
  });

  it('finds nothing in digital silence', () => {
    expect(findSplice(new Int16Array(TAIL_SAMPLES), new Int16Array(6_000), 3_000)).toBeUndefined();
    expect(findSplice(new Int16Array(TAIL_SAMPLES).fill(1), new Int16Array(6_000).fill(1), 3_000)).toBeUndefined();
  });

  it('takes the period of a steady tone that is nearest to the clock', () => {
    const tone = (from: number, length: number) =>
      Int16Array.from({ length }, (_unused, index) =>
        Math.round(9_000 * Math.sin((2 * Math.PI * (from + index)) / 160)),
      );
    const found = findSplice(tone(3_000 - TAIL_SAMPLES, TAIL_SAMPLES), tone(0, 6_000), 3_050);
    expect(found).toBe(3_000);
    expect(findSplice(tone(3_000 - TAIL_SAMPLES, TAIL_SAMPLES), tone(0, 6_000), 3_165)).toBe(3_160);
  });

  it('looks at the loudest stretch of what both have heard', () => {
    const samples = new Int16Array(16_000);
    samples.set(voice(TAIL_SAMPLES, 5, 2), 2_000);
    samples.set(voice(TAIL_SAMPLES, 6), 12_000);
    expect(Math.abs(loudestStretch(samples, 6_000) - 12_640)).toBeLessThan(320);
    expect(Math.abs(loudestStretch(samples, 16_000) - 2_640)).toBeLessThan(320);
    expect(loudestStretch(new Int16Array(16_000), 6_000)).toBe(16_000);
    expect(loudestStretch(samples, 10)).toBe(16_000);
  });
});
