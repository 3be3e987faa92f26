import { expect, test } from 'vitest';
import { isProcessAlive } from './process-alive.ts';

test.each([
  ['this process', process.pid, true],
  ['its parent', process.ppid, true],
  ['a number that no process has', 2 ** 31 - 1, false],
  ['a number that none can have', 2 ** 53 - 1, false],
  ['its own group', 0, false],
  ['all processes', -1, false],
])('%s', (_name, pid, alive) => {
  expect(isProcessAlive(pid)).toBe(alive);
});
