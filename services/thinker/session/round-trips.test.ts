import { describe, expect, it } from 'vitest';
import { RoundTrips } from './round-trips.ts';

describe('round trips', () => {
  it('tell the distance from the first pong on, by the shorter of the last two', () => {
    const trips = new RoundTrips();
    expect(trips.usualMs).toBe(0);
    trips.ponged(trips.pinged(1_000, false), 3_000);
    expect(trips.usualMs).toBe(2_000);
    trips.ponged(trips.pinged(4_000, false), 12_000);
    expect(trips.usualMs).toBe(2_000);
    trips.ponged(trips.pinged(20_000, false), 26_000);
    expect(trips.usualMs).toBe(6_000);
  });

  it('do not take the time that our own sound needs for the distance, but know that it has arrived', () => {
    const trips = new RoundTrips();
    trips.ponged(trips.pinged(1_000, false), 1_050);
    trips.ponged(trips.pinged(2_000, true), 6_000);
    expect(trips).toMatchObject({ usualMs: 50, pingedAtMs: 2_000, pongedAtMs: 6_000 });
  });

  it('are those of the very ping, whichever of them the server answers', () => {
    const trips = new RoundTrips();
    const early = trips.pinged(1_000, false);
    const late = trips.pinged(2_000, false);
    trips.ponged(late, 2_100);
    trips.ponged(early, 2_200);
    trips.ponged(Number.NaN, 2_300);
    expect(trips).toMatchObject({ usualMs: 100, pingedAtMs: 2_000, pongedAtMs: 2_100 });
  });

  it('of another connection count no more', () => {
    const trips = new RoundTrips();
    const before = trips.pinged(1_000, false);
    trips.reset();
    trips.ponged(before, 9_000);
    expect(trips).toMatchObject({ usualMs: 0, pingedAtMs: 0 });
  });
});
