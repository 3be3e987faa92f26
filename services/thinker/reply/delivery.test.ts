import { expect, it } from 'vitest';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { Delivery } from './delivery.ts';

const frame = (last: boolean, stream = 1): PcmFrame => ({
  sampleRateHz: 24_000,
  stream,
  position: 0,
  timeUs: 0,
  first: false,
  last,
  resent: false,
  samples: new Int16Array(0),
});

async function isFinished(delivery: Delivery, act: () => void = () => undefined): Promise<boolean> {
  let finished = false;
  const waiting = delivery.finished(100).then(() => {
    finished = true;
  });
  act();
  await Promise.race([waiting, new Promise((resolve) => setImmediate(resolve))]);
  return finished;
}

it('is finished before and after an answer, not in the middle of one', async () => {
  const delivery = new Delivery(manualClock());
  expect(await isFinished(delivery)).toBe(true);
  delivery.published(frame(false));
  expect(await isFinished(delivery)).toBe(false);
  expect(await isFinished(delivery, () => delivery.published(frame(true)))).toBe(true);
});

it('is not finished because the lost answer of a predecessor is ended', async () => {
  const delivery = new Delivery(manualClock());
  delivery.published(frame(false, 2));
  expect(await isFinished(delivery, () => delivery.published(frame(true, 1)))).toBe(false);
  expect(await isFinished(delivery, () => delivery.published(frame(true, 2)))).toBe(true);
});

it('is not waited for without end', async () => {
  const clock = manualClock();
  const delivery = new Delivery(clock);
  delivery.published(frame(false));
  expect(await isFinished(delivery, () => clock.advance(100))).toBe(true);
});
