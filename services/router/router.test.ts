import { expect, test } from 'vitest';
import type { Turn } from '#shared/contract/thinker.ts';
import { nextRouter } from './router.ts';
import { initialRouter } from './router-state.ts';

const LOST: Turn = {
  turn: 7,
  state: 'failed',
  backend: 'live',
  error: { kind: 'timeout', message: '', retryable: true },
  at: 0,
};

function levelAfter(...reports: Turn[]): string {
  let state = initialRouter(undefined, true, 0);
  for (const turn of reports) ({ state } = nextRouter(state, { type: 'turnReported', turn, atMs: 0 }));
  return state.level.current.level;
}

test.each([
  ['a failed turn, told again with what was heard of it', LOST, { ...LOST, heardMs: 400 }, 'live'],
  ['a failed turn, and another one', LOST, { ...LOST, turn: 8 }, 'http'],
  [
    'an answer of HTTP, told again with its account',
    { ...LOST, state: 'done', backend: 'http' },
    { ...LOST, state: 'done', backend: 'http', usage: { totalTokens: 9 } },
    'live',
  ],
] as const)('%s', (_name, first, second, level) => {
  expect(levelAfter(first, second)).toBe(level);
});
