import { expect, it } from 'vitest';
import type { Memory } from './memory-store.ts';
import { Recollection } from './recollection.ts';
import { newTurn } from './turn.ts';

function stored(memory: Memory = { ledger: [] }): { recollection: Recollection; saved: Memory[] } {
  const saved: Memory[] = [];
  const store = { load: () => memory, save: (given: Memory) => saved.push(given) };
  return { recollection: new Recollection(store, 0), saved };
}

it('knows which utterances are nobody’s question any more', () => {
  const { recollection, saved } = stored();
  const settled = () => saved.at(-1)?.settledUtterance;
  recollection.save({ waiting: [] }, undefined, 0);
  expect(settled()).toBeUndefined();
  recollection.heardOf(7);
  recollection.save({ active: newTurn(1, 'speech', 'live', 7), waiting: [] }, undefined, 0);
  expect(settled()).toBe(6);
  recollection.heardOf(9);
  recollection.save({ active: newTurn(2, 'ask', 'live'), waiting: [newTurn(3, 'speech', 'live', 8)] }, undefined, 0);
  expect(settled()).toBe(7);
  recollection.save({ waiting: [] }, undefined, 0);
  expect(settled()).toBe(9);
});

it('still knows it after a restart in which nothing is said', () => {
  const { recollection, saved } = stored({ ledger: [], settledUtterance: 9 });
  recollection.save({ waiting: [] }, undefined, 0);
  expect(saved.at(-1)?.settledUtterance).toBe(9);
});
