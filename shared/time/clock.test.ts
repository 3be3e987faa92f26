import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';

function machine(wallMs: number) {
  const time = { wallMs, monotonicMs: 0 };
  const clock = systemClock(
    () => time.wallMs,
    () => time.monotonicMs,
  );
  return { time, clock };
}

it('is not moved by small corrections of the wall clock, nor backwards by large ones', () => {
  const { time, clock } = machine(10_000);
  time.monotonicMs = 500;
  time.wallMs = 9_800;
  expect(clock.nowMs()).toBe(10_500);
  time.wallMs = 0;
  expect(clock.nowMs()).toBe(10_500);
});

it('follows a machine that learns the time only after the start', () => {
  const { time, clock } = machine(10_000);
  time.monotonicMs = 500;
  time.wallMs = 7_200_500;
  expect(clock.nowMs()).toBe(7_200_500);
  time.monotonicMs = 600;
  time.wallMs = 7_200_600;
  expect(clock.nowMs()).toBe(7_200_600);
});
