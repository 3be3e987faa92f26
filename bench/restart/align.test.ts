import { describe, expect, it } from 'vitest';
import { align, longestSilence, withNoise } from './align.ts';

const source = withNoise(new Int16Array(4_000));
const joined = (...parts: Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]));

describe('following a recording through its source', () => {
  it('finds nothing amiss in a part of it with silence around', () => {
    const recording = joined(new Int16Array(50), source.subarray(100, 3_000), new Int16Array(70));
    expect(align(source, recording)).toEqual({ lost: [], doubled: [], strange: 0, firstIndex: 100, lastIndex: 2_999 });
  });

  it('counts what is missing, twice and strange', () => {
    const recording = joined(
      source.subarray(0, 500),
      source.subarray(520, 900),
      Int16Array.of(9_999),
      source.subarray(890, 1_500),
    );
    expect(align(source, recording)).toMatchObject({
      lost: [{ from: 500, to: 520 }],
      doubled: [{ from: 890, to: 900 }],
      strange: 1,
    });
  });

  it('does not take silence put in at a sample that is 0 for that sample twice', () => {
    const withZero = Int16Array.from(source, (sample, at) => (at === 600 ? 0 : sample));
    const recording = joined(withZero.subarray(0, 600), new Int16Array(40), withZero.subarray(600, 1_200));
    expect(align(withZero, recording)).toMatchObject({ lost: [], doubled: [], strange: 40 });
  });

  it('measures the longest silence within the sound only', () => {
    const recording = joined(
      new Int16Array(500),
      source.subarray(0, 100),
      new Int16Array(24),
      source.subarray(100, 200),
      new Int16Array(900),
    );
    // The signal itself may be 0 beside it.
    expect(longestSilence(recording).samples).toBeGreaterThanOrEqual(24);
    expect(longestSilence(recording).samples).toBeLessThan(29);
    expect(Math.abs(longestSilence(recording).from - 600)).toBeLessThan(5);
  });
});
