import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

describe('the wait between tries', () => {
  it('doubles from one second to sixty', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map((attempt) => backoffMs(attempt, 0.5))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });

  it('is spread by a fifth either way, and never beyond sixty seconds', () => {
    expect([backoffMs(1, 0), backoffMs(1, 1)]).toEqual([800, 1_200]);
    expect(backoffMs(9, 1)).toBe(60_000);
  });
});
