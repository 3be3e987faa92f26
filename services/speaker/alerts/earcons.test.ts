import { describe, expect, it } from 'vitest';
import { levelOf } from '#shared/audio/level.ts';
import { type Earcon, earcon } from './earcons.ts';

const KINDS: Earcon[] = ['danger', 'attention', 'ready', 'offline'];

describe('earcons', () => {
  it.each(KINDS)('%s is short, loud enough, and begins and ends in silence', (kind) => {
    const samples = earcon(kind, 24_000);
    expect(samples.length).toBeLessThanOrEqual(12_000);
    expect(levelOf(samples).peak).toBeCloseTo(-6, 0);
    expect(levelOf(samples).rms).toBeGreaterThan(-25);
    expect(Math.abs(samples[0] ?? 0)).toBeLessThan(50);
    expect(Math.abs(samples.at(-1) ?? 0)).toBeLessThan(50);
  });

  it('never jumps by more than a tone of its pitch can', () => {
    for (const kind of KINDS) {
      const samples = earcon(kind, 24_000);
      const jump = samples.reduce(
        (most, sample, index) => Math.max(most, Math.abs(sample - (samples[index - 1] ?? 0))),
        0,
      );
      expect(jump).toBeLessThan(18_000);
    }
  });

  it('sounds different for each meaning', () => {
    expect(new Set(KINDS.map((kind) => earcon(kind, 24_000).join())).size).toBe(KINDS.length);
  });
});
