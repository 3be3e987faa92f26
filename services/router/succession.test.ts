import { expect, test } from 'vitest';
import type { Status } from '#shared/contract/service.ts';
import { newSuccession, statusSeen } from './succession.ts';

function status(pid: number, state: Status['state'], startedAt: number): Status {
  return { pid, state, startedAt, version: '0' };
}

test.each([
  ['alone', [], true],
  ['after its own announcement', [status(1, 'online', 10)], true],
  ['while a predecessor acts', [status(2, 'online', 5)], false],
  ['once it is announced beside a predecessor', [status(2, 'online', 5), status(1, 'online', 10)], true],
  ['when a predecessor repeats itself', [status(1, 'online', 10), status(2, 'online', 5)], true],
  ['when a successor is announced', [status(1, 'online', 10), status(2, 'online', 20)], false],
  ['when that successor dies', [status(1, 'online', 10), status(2, 'online', 20), status(2, 'offline', 20)], true],
  ['when the predecessor is dead already', [status(2, 'offline', 5)], true],
  ['when the predecessor leaves first', [status(2, 'online', 5), status(2, 'offline', 5)], true],
])('%s', (_name, seen, acts) => {
  expect(seen.reduce(statusSeen, newSuccession(1)).acts).toBe(acts);
});

test('in a reload exactly one of the two acts, before and after each message', () => {
  const messages = [
    status(1, 'online', 10),
    status(2, 'online', 20),
    status(1, 'offline', 10),
    status(2, 'online', 20),
  ];
  let predecessor = statusSeen(newSuccession(1), status(1, 'online', 10));
  let successor = statusSeen(newSuccession(2), status(1, 'online', 10));
  for (const message of messages.slice(0, 2)) {
    expect(predecessor.acts).not.toBe(successor.acts);
    predecessor = statusSeen(predecessor, message);
    successor = statusSeen(successor, message);
  }
  expect([predecessor.acts, successor.acts]).toEqual([false, true]);
  for (const message of messages.slice(2)) successor = statusSeen(successor, message);
  expect(successor.acts).toBe(true);
});
