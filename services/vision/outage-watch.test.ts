import { describe, expect, it } from 'vitest';
import { NO_OUTAGE, type OutageEvent, watchOutage } from './outage-watch.ts';

function watch(events: [atMs: number, type: OutageEvent['type']][]) {
  let state = NO_OUTAGE;
  return events.flatMap(([atMs, type]) => {
    const watched = watchOutage(state, { type, atMs });
    state = watched.state;
    return watched.news ? [[atMs, watched.news]] : [];
  });
}

describe('the watch over outages', () => {
  it.each<[string, [number, OutageEvent['type']][], unknown[]]>([
    [
      'a restart that works',
      [
        [0, 'lost'],
        [900, 'live'],
        [20_000, 'ticked'],
      ],
      [],
    ],
    [
      'a camera that stays away',
      [
        [0, 'lost'],
        [7_900, 'ticked'],
        [8_000, 'ticked'],
        [30_000, 'ticked'],
      ],
      [[8_000, 'away']],
    ],
    [
      'failed attempts in between',
      [
        [0, 'lost'],
        [5_000, 'lost'],
        [8_000, 'ticked'],
        [9_000, 'lost'],
        [17_000, 'ticked'],
      ],
      [[8_000, 'away']],
    ],
    [
      'its return',
      [
        [0, 'lost'],
        [8_000, 'ticked'],
        [9_000, 'live'],
        [9_200, 'ticked'],
      ],
      [
        [8_000, 'away'],
        [9_000, 'back'],
      ],
    ],
    [
      'the user blocking it meanwhile',
      [
        [0, 'lost'],
        [1_000, 'closed'],
        [9_000, 'ticked'],
        [9_500, 'live'],
      ],
      [],
    ],
  ])('tells %s once', (_what, events, news) => {
    expect(watch(events)).toEqual(news);
  });
});
