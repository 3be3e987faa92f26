import { expect, it } from 'vitest';
import { detectVoice, QUIET } from './voice-activity.ts';

const SPEECH = -25;
const ROOM = -60;

/** What is detected, and after how much of the sound. @param sound levels of chunks of 20 ms. */
function detections(sound: number[]): string[] {
  let state = QUIET;
  return sound.flatMap((levelDbfs, index) => {
    const step = detectVoice(state, { levelDbfs, chunkMs: 20, silenceMs: 200 });
    state = step.state;
    return step.detected ? [`${step.detected} ${(index + 1) * 20}`] : [];
  });
}

const chunks = (ms: number, level: number) => Array<number>(ms / 20).fill(level);

it('begins after 100 ms of speech and ends after the silence that was asked for', () => {
  expect(detections([...chunks(400, ROOM), ...chunks(600, SPEECH), ...chunks(600, ROOM)])).toEqual([
    'started 500',
    'ended 1200',
  ]);
});

it('passes a click over, and a pause between words', () => {
  expect(detections([...chunks(80, SPEECH), ...chunks(400, ROOM)])).toEqual([]);
  expect(detections([...chunks(200, SPEECH), ...chunks(180, ROOM), ...chunks(200, SPEECH)])).toEqual(['started 100']);
});
