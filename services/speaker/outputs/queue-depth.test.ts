import { describe, expect, it } from 'vitest';
import { QueueDepth } from './queue-depth.ts';

describe('the queue ahead of the device', () => {
  it('is as short as can be where the device never runs dry', () => {
    expect(new QueueDepth().periods).toBe(2);
  });

  it('grows after three gaps within ten seconds', () => {
    const depth = new QueueDepth();
    expect([0, 4_000, 9_999].map((ms) => depth.underran(ms))).toEqual([false, false, true]);
    expect(depth.periods).toBe(4);
  });

  it('stays where the gaps are rare', () => {
    const depth = new QueueDepth();
    expect([0, 6_000, 12_000, 18_000].some((ms) => depth.underran(ms))).toBe(false);
  });

  it('never grows beyond what a listener would feel', () => {
    const depth = new QueueDepth();
    for (let ms = 0; ms < 1_000; ms += 1) depth.underran(ms);
    expect(depth.periods).toBe(8);
  });
});
