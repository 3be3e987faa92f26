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

  it('becomes shorter again, step by step, when the gaps have stopped', () => {
    const depth = new QueueDepth();
    for (let ms = 0; ms < 6; ms += 1) depth.underran(ms);
    expect([10_000, 15_005, 20_000, 30_005, 60_000].map((ms) => depth.wasFine(ms))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(depth.periods).toBe(2);
  });

  it('is shortened less and less often where that brings the gaps back', () => {
    const depth = new QueueDepth();
    const gaps = (fromMs: number) => [0, 1, 2].map((ms) => depth.underran(fromMs + ms));
    gaps(0);
    expect(depth.wasFine(15_002)).toBe(true);
    gaps(16_000);
    expect([31_100, 75_900, 76_002].map((ms) => depth.wasFine(ms))).toEqual([false, false, true]);
  });
});
