import { expect, it } from 'vitest';
import { EAGER, isEager, misledAt } from './eagerness.ts';

const S = 16_000;
const after = (...seconds: number[]) => seconds.reduce((state, at) => misledAt(state, at * S), EAGER);

it.each([
  ['no mistake', [], 0, true],
  ['one mistake', [1], 2, true],
  ['two within ten seconds', [1, 5], 6, false],
  ['ten seconds after the second of them', [1, 5], 15.1, true],
  ['two that lie further apart', [1, 12], 13, true],
  ['a third one soon after the second', [1, 12, 14], 15, false],
] as const)('%s', (_what, mistakes, now, eager) => {
  expect(isEager(after(...mistakes), now * S)).toBe(eager);
});
