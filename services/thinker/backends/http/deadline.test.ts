import { expect, it } from 'vitest';
import { manualClock } from '#shared/time/manual-clock.ts';
import { startDeadline } from './deadline.ts';

it('ends in a failure that says what was waited for', () => {
  const clock = manualClock();
  const { signal } = startDeadline(clock, new AbortController().signal, 1_000, 'to think');
  clock.advance(999);
  expect(signal.aborted).toBe(false);
  clock.advance(1);
  expect(signal.reason).toMatchObject({ kind: 'timeout', message: 'Gemini took too long to think' });
});

it('starts anew at each sign of life', () => {
  const clock = manualClock();
  const deadline = startDeadline(clock, new AbortController().signal, 1_000, '');
  clock.advance(900);
  deadline.extend(500);
  clock.advance(499);
  expect(deadline.signal.aborted).toBe(false);
  clock.advance(1);
  expect(deadline.signal.aborted).toBe(true);
});

it('passes the abort of its caller on, with the reason', () => {
  const caller = new AbortController();
  const { signal } = startDeadline(manualClock(), caller.signal, 1_000, '');
  caller.abort('barge-in');
  expect(signal.reason).toBe('barge-in');
  expect(startDeadline(manualClock(), caller.signal, 1_000, '').signal.reason).toBe('barge-in');
});

it('aborts what is still under way when all is over, and keeps no timer', () => {
  const clock = manualClock();
  const deadline = startDeadline(clock, new AbortController().signal, 1_000, '');
  deadline.end();
  expect(deadline.signal.aborted).toBe(true);
  clock.advance(2_000);
  expect(deadline.signal.reason).not.toHaveProperty('kind');
});
