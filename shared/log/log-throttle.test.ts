import { describe, expect, it } from 'vitest';
import { manualClock } from '#shared/time/manual-clock.ts';
import { LogThrottle } from './log-throttle.ts';

describe('the log throttle', () => {
  it('lets one line per key through, and after ten seconds the next, which tells how many were held back', () => {
    const clock = manualClock();
    const throttle = new LogThrottle(clock);
    expect(throttle.due('a')).toBe(0);
    expect(throttle.due('b')).toBe(0);
    for (let n = 0; n < 5; n += 1) expect(throttle.due('a')).toBeUndefined();
    clock.advance(10_000);
    expect(throttle.due('a')).toBe(5);
    expect(throttle.due('b')).toBe(0);
  });

  it('lets ten thousand invented keys write few lines', () => {
    const throttle = new LogThrottle(manualClock());
    const lines = Array.from({ length: 10_000 }, (_unused, n) => throttle.due(`key ${n}`));
    expect(lines.filter((line) => line !== undefined)).toHaveLength(201);
  });

  it('has room for new keys once the old ones are idle', () => {
    const clock = manualClock();
    const throttle = new LogThrottle(clock);
    for (let n = 0; n < 1_000; n += 1) throttle.due(`key ${n}`);
    clock.advance(10_000);
    expect(throttle.due('new')).toBe(0);
    expect(throttle.due('newer')).toBe(0);
  });
});
