import { expect, test } from 'vitest';
import type { Playback } from '#shared/contract/speaker.ts';
import {
  isOpen,
  isOvertaken,
  lastReply,
  NO_TURNS,
  replyPlayed,
  replyTranscribed,
  stateOf,
  type TurnWatch,
  turnReported,
  turnTakenOver,
} from './turn-watch.ts';

const at = 0;

function replied(watch: TurnWatch, turn: number, text: string): TurnWatch {
  return replyTranscribed(watch, { turn, role: 'model', text, final: true, at });
}

function played(watch: TurnWatch, turn: number, position: number): TurnWatch {
  const playback: Playback = { turn, state: 'progress', position, playedMs: position / 24, at };
  return replyPlayed(watch, playback);
}

test('the last reply is the newest one of which something was heard', () => {
  let watch = played(replied(NO_TURNS, 1, 'first'), 1, 480);
  watch = replied(watch, 2, 'second');
  expect(lastReply(watch)).toBe('first');
  expect(lastReply(played(watch, 2, 480))).toBe('second');
});

test('without a speaker the last reply is the newest one', () => {
  expect(lastReply(replied(replied(NO_TURNS, 1, 'first'), 2, 'second'))).toBe('second');
});

test('what the model began to say to a command is no reply', () => {
  let watch = played(replied(NO_TURNS, 1, 'first'), 1, 480);
  watch = played(replied(turnTakenOver(watch, 2), 2, 'Sure, I will'), 2, 480);
  expect(lastReply(watch)).toBe('first');
});

test('a turn is overtaken when the user speaks again, not when another layer has something said', () => {
  const said = turnReported(NO_TURNS, { turn: 5, state: 'speaking', backend: 'live', at });
  expect(isOvertaken(said, 4)).toBe(false);
  const spoken = turnReported(said, { turn: 6, utterance: 9, state: 'listening', backend: 'live', at });
  expect(isOvertaken(spoken, 4)).toBe(true);
  expect(isOvertaken(spoken, 6)).toBe(false);
});

test('a turn is open until it is done, interrupted or failed', () => {
  expect(isOpen(NO_TURNS, 1)).toBe(true);
  const thinking = turnReported(NO_TURNS, { turn: 1, state: 'thinking', backend: 'live', at });
  expect(isOpen(thinking, 1)).toBe(true);
  expect(isOpen(turnReported(thinking, { turn: 1, state: 'interrupted', backend: 'live', at }), 1)).toBe(false);
});

test('only the last turns are remembered', () => {
  let watch = NO_TURNS;
  for (let turn = 1; turn <= 100; turn += 1) watch = replied(watch, turn, `reply ${turn}`);
  expect(watch.recent).toHaveLength(16);
  expect(lastReply(watch)).toBe('reply 100');
});

test('a turn whose number somebody has made up overtakes none of those that come after it', () => {
  const report = { state: 'listening', backend: 'live', at } as const;
  let watch = turnReported(NO_TURNS, { ...report, turn: 100, utterance: 50 });
  for (let n = 0; n < 20; n += 1) watch = turnReported(watch, { ...report, turn: 4_000_000_000 + n, utterance: 51 });
  watch = turnReported(watch, { ...report, turn: 101, utterance: 52 });
  expect(isOvertaken(watch, 101)).toBe(false);
  expect(isOvertaken(watch, 100)).toBe(true);
  expect(stateOf(watch, 101)).toBe('listening');
});

test('the end of an answer that a predecessor of the thinker began does not make it the newest turn', () => {
  const report = { backend: 'live', at } as const;
  let watch = turnReported(NO_TURNS, { ...report, turn: 100, utterance: 50, state: 'speaking' });
  watch = turnReported(watch, { ...report, turn: 9_000, utterance: 51, state: 'listening' });
  watch = turnReported(watch, { ...report, turn: 100, utterance: 50, state: 'done' });
  expect(isOvertaken(watch, 8_999)).toBe(true);
});
