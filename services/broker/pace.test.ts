import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshPace, spend } from './pace.ts';

describe("a publisher's pace", () => {
  it('lets a resend of twenty seconds of speech through at once', () => {
    let pace = freshPace(0);
    for (let frame = 0; frame < 1_000; frame += 1) {
      const spent = spend(pace, 664, 1, 0);
      expect(spent.waitMs).toBe(0);
      pace = spent.pace;
    }
  });

  it('spreads a flood of 100 MB over half a minute', () => {
    let pace = freshPace(0);
    let nowMs = 0;
    for (let sent = 0; sent < 100_000_000; sent += 64_000) {
      const spent = spend(pace, 64_000, 1, nowMs);
      nowMs += spent.waitMs;
      pace = spent.pace;
    }
    expect(nowMs).toBeGreaterThan(20_000);
    expect(nowMs).toBeLessThan(30_000);
  });

  it('counts tiny packets too: a million empty ones take minutes', () => {
    let pace = freshPace(0);
    let nowMs = 0;
    for (let sent = 0; sent < 1_000_000; sent += 1_000) {
      const spent = spend(pace, 1_000 * 2, 1_000, nowMs);
      nowMs += spent.waitMs;
      pace = spent.pace;
    }
    expect(nowMs).toBeGreaterThan(120_000);
  });

  it('never asks for a wait after which it would ask again for the same bytes', () => {
    fc.assert(
      fc.property(fc.nat(20_000_000), fc.nat(1_000), (bytes, packets) => {
        const { pace, waitMs } = spend(freshPace(0), bytes, packets, 0);
        expect(spend(pace, 0, 0, waitMs).waitMs).toBe(0);
      }),
    );
  });
});
