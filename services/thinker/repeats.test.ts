import { expect, it } from 'vitest';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { Repeats } from './repeats.ts';

function bench() {
  const clock = manualClock();
  const meters = new Meters();
  return { clock, meters, repeats: new Repeats(clock, meters) };
}

it('knows an id for a minute, counted from its first coming', () => {
  const { clock, meters, repeats } = bench();
  const answers = [0, 30_000, 29_999, 1, 1].map((stepMs) => {
    clock.advance(stepMs);
    return repeats.isRepeat('a');
  });
  expect(answers).toEqual([false, true, true, false, true]);
  expect(repeats.isRepeat('b')).toBe(false);
  expect(meters.snapshot(0).counters['requestsRepeated']).toBe(3);
});

it('remembers so many ids and no more', () => {
  const { repeats } = bench();
  for (let number = 0; number < 257; number += 1) repeats.isRepeat(`id-${number}`);
  expect(repeats.isRepeat('id-256')).toBe(true);
  expect(repeats.isRepeat('id-0')).toBe(false);
});
