import { expect, it } from 'vitest';
import type { Memory } from './memory-store.ts';
import { Recollection } from './recollection.ts';
import { newTurn, type Turn } from './turn.ts';

const NOTHING = { waiting: [], inherited: [], recent: [] };

function stored(memory: Memory = { ledger: [] }): { recollection: Recollection; saved: Memory[] } {
  const saved: Memory[] = [];
  const store = { load: () => memory, save: (given: Memory) => saved.push(given) };
  return { recollection: new Recollection(store, 0), saved };
}

it('knows which utterances are nobody’s question any more', () => {
  const { recollection, saved } = stored();
  const settled = () => saved.at(-1)?.settledUtterance;
  recollection.save(NOTHING, [], 0);
  expect(settled()).toBeUndefined();
  recollection.heardOf(7);
  recollection.save({ ...NOTHING, active: newTurn(1, 'speech', 'live', 7) }, [], 0);
  expect(settled()).toBe(6);
  recollection.heardOf(9);
  recollection.save(
    { ...NOTHING, active: newTurn(2, 'ask', 'live'), waiting: [newTurn(3, 'speech', 'live', 8)] },
    [],
    0,
  );
  expect(settled()).toBe(7);
  recollection.save(NOTHING, [], 0);
  expect(settled()).toBe(9);
});

it('goes on at the next utterance after one whose number somebody has made up', () => {
  const { recollection, saved } = stored();
  for (const utterance of [7, 4_177_735_137, 8]) recollection.heardOf(utterance);
  recollection.save(NOTHING, [], 0);
  expect(saved.at(-1)?.settledUtterance).toBe(8);
});

it('still knows it after a restart in which nothing is said', () => {
  const { recollection, saved } = stored({ ledger: [], settledUtterance: 9 });
  recollection.save(NOTHING, [], 0);
  expect(saved.at(-1)?.settledUtterance).toBe(9);
});

it('keeps answers until they have been heard, cut ones until it is known how far', () => {
  const { recollection, saved } = stored();
  const turn = (number: number, fields: Partial<Turn>) => ({ ...newTurn(number, 'say', 'live'), ...fields });
  const recent = [
    turn(1, { phase: 'speaking', playback: 'none' }),
    turn(2, { phase: 'interrupted', playback: 'playing' }),
    turn(3, { phase: 'interrupted', playback: 'over' }),
    turn(4, { phase: 'done', playback: 'over' }),
    turn(5, { phase: 'failed', playback: 'none' }),
  ];
  recollection.save({ ...NOTHING, recent }, [], 0);
  expect(saved.at(-1)?.playing).toEqual(recent.slice(0, 2));
});

it('passes on an announced turn whose question this process never came to', () => {
  const { recollection, saved } = stored();
  const inherited = { turn: 7, utterance: 3 };
  const waiting = [newTurn(8, 'speech', 'live', 4)];
  recollection.heardOf(4);
  recollection.save({ ...NOTHING, inherited: [inherited], waiting }, [], 0);
  expect(saved.at(-1)).toMatchObject({ waiting: [inherited, { turn: 8, utterance: 4 }], settledUtterance: 2 });
});

it('knows the highest number given, be it of a turn that was only announced', () => {
  const waiting = [{ turn: 12, utterance: 3 }];
  expect(stored({ ledger: [], active: newTurn(11, 'ask', 'live'), waiting }).recollection.lastTurn).toBe(12);
});

it('tells the Live session once what was answered below it, and what a new session was told not again', () => {
  const { recollection } = stored();
  const answered = (number: number, backend: Turn['backend']): Turn => ({
    ...newTurn(number, 'speech', backend),
    phase: 'done',
    userText: 'what is this?',
    modelText: `door ${number}`,
  });
  recollection.remember(answered(1, 'live'), 1_000);
  recollection.remember(answered(2, 'http'), 2_000);
  expect(recollection.takeNews()).toEqual([expect.stringMatching(/what is this\?.*door 2/)]);
  recollection.remember(answered(2, 'http'), 2_500);
  expect(recollection.takeNews()).toEqual([]);
  recollection.remember(answered(3, 'http'), 3_000);
  recollection.remember(answered(4, 'offline'), 4_000);
  expect(recollection.tellSince(3_500)).toHaveLength(2);
  expect(recollection.takeNews()).toEqual([expect.stringContaining('door 3')]);
  recollection.remember({ ...answered(5, 'http'), kind: 'say', userText: '' }, 5_000);
  expect(recollection.takeNews()).toEqual([expect.stringContaining('was told: "door 5"')]);
});
