import { expect, it } from 'vitest';
import { RecordingClock } from './recording-clock.ts';

/** Deliveries of 10 ms at 1 kHz, 5 ms late each; `lateMs` more for those that end in `held`. */
function clockOf(count: number, held: (end: number) => number = () => 0): RecordingClock {
  const clock = new RecordingClock(1_000);
  for (let end = 10; end <= 10 * count; end += 10) clock.delivered(end, 100 + end + 5 + held(end));
  return clock;
}

it('tells when a sample was on the card', () => {
  expect(clockOf(50).timeMs(200)).toBe(305);
});

it('does not take a machine that stood still for a late sample', () => {
  expect(clockOf(50, (end) => (end > 190 && end <= 230 ? 390 : 0)).timeMs(200)).toBe(305);
});

it('does not take samples behind those that were left out for early ones', () => {
  expect(clockOf(200, (end) => (end > 500 ? 45 : 0)).timeMs(1_000)).toBe(1_150);
});

it('does not take samples far ahead of those that were recorded twice for early ones', () => {
  expect(clockOf(300, (end) => (end > 2_000 ? -45 : 0)).timeMs(1_000)).toBe(1_105);
});

it('tells what it can of a sample with nothing behind it', () => {
  expect(clockOf(2).timeMs(20)).toBe(125);
});
