import { describe, expect, it } from 'vitest';
import {
  nextYielding,
  POSSIBLE_LIMIT_MS,
  SILENT_LIMIT_MS,
  STARTED_LIMIT_MS,
  type YieldingEvent,
  type YieldingState,
  yieldingTo,
} from './yielding.ts';

type Evidence = 'possible' | 'started' | 'ended' | 'discarded';
const said = (state: Evidence, utterance = 1, atMs = 0): YieldingEvent => ({
  type: 'speech',
  speech: { utterance, state },
  atMs,
});
const level = (probability: number, atMs: number): YieldingEvent => ({ type: 'level', probability, atMs });
const after = (bargeIn: YieldingState['bargeIn'], ...events: YieldingEvent[]) =>
  yieldingTo(events.reduce(nextYielding, { bargeIn } as YieldingState));

describe('yielding to the user', () => {
  it.each([
    ['possible speech pauses', 'pause', [said('possible')], 'pause'],
    ['possible speech ducks where that is wished', 'duck', [said('possible')], 'duck'],
    ['certain speech pauses even then', 'duck', [said('possible'), said('started')], 'pause'],
    ['nothing is yielded with barge-in off', 'off', [said('possible'), said('started')], 'nothing'],
    ['a cough gives the reply back', 'pause', [said('possible'), said('discarded')], 'nothing'],
    ['the end of the utterance gives the floor back', 'pause', [said('started'), said('ended')], 'nothing'],
    ['an old end does not end a newer utterance', 'pause', [said('possible', 2), said('ended', 1)], 'pause'],
    [
      'one with a number nobody has come to does not outlast it',
      'pause',
      [said('possible', 4e9), said('ended')],
      'nothing',
    ],
    [
      'an utterance of which the detector hears nothing runs out soon',
      'pause',
      [said('started'), level(0.05, 100), level(0.05, 100 + SILENT_LIMIT_MS)],
      'nothing',
    ],
    [
      'but not in a pause between two words',
      'pause',
      [said('started'), level(0.05, 100), level(0.9, 1_000), level(0.05, 1_200), level(0.05, 100 + SILENT_LIMIT_MS)],
      'pause',
    ],
    ['a vanished microphone gives the reply back', 'pause', [said('started'), { type: 'listenerLost' }], 'nothing'],
    [
      'evidence nobody confirms runs out',
      'pause',
      [said('possible'), { type: 'tick', atMs: POSSIBLE_LIMIT_MS }],
      'nothing',
    ],
    ['but not early', 'pause', [said('possible'), { type: 'tick', atMs: POSSIBLE_LIMIT_MS - 1 }], 'pause'],
    [
      'an utterance whose end was lost runs out',
      'pause',
      [said('started'), { type: 'tick', atMs: STARTED_LIMIT_MS }],
      'nothing',
    ],
    [
      'the mode changes in the middle',
      'pause',
      [said('possible'), { type: 'bargeInChanged', bargeIn: 'off' }],
      'nothing',
    ],
  ] as [string, YieldingState['bargeIn'], YieldingEvent[], string][])('%s', (_title, bargeIn, events, expected) => {
    expect(after(bargeIn, ...events)).toBe(expected);
  });
});
