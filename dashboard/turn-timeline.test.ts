import { describe, expect, it } from 'vitest';
import { responseMs, timeline } from './turn-timeline.ts';

const timings = {
  speechStarted: 1_000,
  speechEnded: 3_000,
  activityEnded: 3_050,
  firstAudio: 3_400,
  turnComplete: 9_000,
};

describe('the timeline of a turn', () => {
  it('has the three phases, each beginning where the last one ended', () => {
    expect(timeline(timings, 99_000, true)).toEqual([
      { phase: 'listening', fromMs: 1_000, toMs: 3_000 },
      { phase: 'thinking', fromMs: 3_000, toMs: 3_400 },
      { phase: 'speaking', fromMs: 3_400, toMs: 9_000 },
    ]);
  });

  it('grows while the turn goes on', () => {
    const { speechStarted, speechEnded } = timings;
    expect(timeline({ speechStarted, speechEnded }, 3_200, false).at(-1)).toEqual({
      phase: 'thinking',
      fromMs: 3_000,
      toMs: 3_200,
    });
  });

  it('stands still when a turn without an end is over', () => {
    const { speechStarted, speechEnded, activityEnded } = timings;
    const stretches = timeline({ speechStarted, speechEnded, activityEnded }, 99_000, true);
    expect(stretches.at(-1)).toEqual({ phase: 'thinking', fromMs: 3_000, toMs: 3_050 });
  });

  it('is empty for a turn that came as text and has no timings', () => {
    expect(timeline({}, 99_000, false)).toEqual([]);
  });

  it('knows how long the user waited', () => {
    expect(responseMs(timings)).toBe(400);
    expect(responseMs({ speechStarted: 1 })).toBeUndefined();
  });
});
