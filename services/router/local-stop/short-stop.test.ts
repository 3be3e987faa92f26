import { expect, test } from 'vitest';
import { NOTHING_HEARD, nextShortStop, type ShortStopEvent } from './short-stop.ts';

function speech(utterance: number, state: 'started' | 'ended', speechMs = 400): ShortStopEvent {
  return { type: 'speechReported', speech: { utterance, state, speechMs } };
}

function keyword(utterance: number): ShortStopEvent {
  return { type: 'keywordHeard', utterance };
}

function stopsOf(events: readonly ShortStopEvent[]): number {
  let state = NOTHING_HEARD;
  let count = 0;
  for (const event of events) {
    const step = nextShortStop(state, event);
    state = step.state;
    if (step.stops) count += 1;
  }
  return count;
}

test.each<[string, ShortStopEvent[], number]>([
  ['a lone stop', [speech(1, 'started'), keyword(1), speech(1, 'ended')], 1],
  ['a stop the model recognised late', [speech(1, 'started'), speech(1, 'ended'), keyword(1)], 1],
  ['the keyword reported twice', [keyword(1), speech(1, 'ended'), keyword(1)], 1],
  ['a stop within a longer sentence', [keyword(1), speech(1, 'ended', 3_000)], 0],
  ['a short word that is not the keyword', [speech(1, 'started'), speech(1, 'ended')], 0],
  ['speech that goes on', [keyword(1), speech(2, 'started'), speech(1, 'ended')], 0],
  ['the keyword of another utterance', [speech(1, 'ended'), keyword(2)], 0],
  ['two stops', [keyword(1), speech(1, 'ended'), keyword(2), speech(2, 'ended')], 2],
])('%s', (_name, events, stops) => {
  expect(stopsOf(events)).toBe(stops);
});
