import { describe, expect, it } from 'vitest';
import { SampleClock } from './sample-clock.ts';

describe('the sample clock', () => {
  it('believes the earliest arrival, because chunks come late and never early', () => {
    const clock = new SampleClock(16_000);
    for (const [end, atMs] of [
      [160, 1_013],
      [320, 1_020],
      [480, 1_047],
    ] as const) {
      clock.arrived(end, atMs);
    }
    expect(clock.timeMs(320)).toBeCloseTo(1_020, 1);
    expect(clock.timeMs(0)).toBeCloseTo(1_000, 1);
  });

  it('follows a sound card that runs slow by a ten-thousandth', () => {
    const clock = new SampleClock(16_000);
    const arrivalMs = (end: number) => 1_000 + (end / 16) * 1.000_1;
    for (let end = 160; end < 16_000 * 600; end += 160) clock.arrived(end, arrivalMs(end));
    expect(Math.abs(clock.timeMs(16_000 * 600) - arrivalMs(16_000 * 600))).toBeLessThan(1);
  });

  it('begins anew after a gap', () => {
    const clock = new SampleClock(16_000);
    clock.arrived(160, 1_010);
    clock.restart();
    clock.arrived(320, 9_020);
    expect(clock.timeMs(320)).toBe(9_020);
  });

  it('takes no lateness of hours for one: the machine has learnt the time', () => {
    const clock = new SampleClock(16_000);
    clock.arrived(16_000, 1_000);
    clock.arrived(32_000, 2_000 + 3_600_000);
    expect(clock.timeMs(32_000)).toBe(3_602_000);
    clock.arrived(48_000, 3_000 + 3_600_000 + 2_000);
    expect(clock.timeMs(48_000)).toBeCloseTo(3_603_000, -1);
  });
});
