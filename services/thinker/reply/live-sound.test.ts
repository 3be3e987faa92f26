import { expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { ServerEvent } from '../live/server-message.ts';
import { LiveSound } from './live-sound.ts';

/** A tone of 400 Hz. */
function tone(sampleRateHz: number, ms: number): ServerEvent {
  const count = (sampleRateHz * ms) / 1_000;
  const samples = Int16Array.from({ length: count }, (_unused, at) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * 400 * at) / sampleRateHz)),
  );
  return { type: 'audio', bytes: Buffer.from(samples.buffer), sampleRateHz };
}

const DONE: ServerEvent = { type: 'turnCompleted', moreFollows: false };

function bench() {
  const said: { type: ServerEvent['type']; samples?: Int16Array | undefined }[] = [];
  const meters = new Meters();
  const sound = new LiveSound({
    ...{ log: createLog('thinker', 'silent'), meters },
    deliver: ({ type }, samples) => said.push({ type, samples }),
  });
  return { said, meters, sound, types: () => said.map(({ type }) => type) };
}

const crossings = (samples: Int16Array) =>
  samples.reduce((sum, sample, at) => sum + (at > 0 && sample >= 1_000 && (samples[at - 1] ?? 0) < 1_000 ? 1 : 0), 0);

it('leaves sound of the usual rate as it is, at once', () => {
  const { sound, said } = bench();
  sound.accept(tone(24_000, 100));
  expect(said[0]?.samples).toHaveLength(2_400);
});

it.each([16_000, 48_000, 44_100])('brings sound of %i Hz to 24 kHz, in order with all else', async (rateHz) => {
  const { sound, said, types } = bench();
  for (let n = 0; n < 10; n += 1) sound.accept(tone(rateHz, 100));
  sound.accept(DONE);
  await expect.poll(() => types().at(-1)).toBe('turnCompleted');
  expect(types().indexOf('turnCompleted')).toBe(10);
  const samples = Int16Array.from(said.flatMap((each) => [...(each.samples ?? [])]));
  expect(samples.length).toBeGreaterThan(23_800);
  expect(samples.length).toBeLessThanOrEqual(24_000);
  // As high as it was said.
  expect(crossings(samples)).toBeGreaterThanOrEqual(396);
  expect(crossings(samples)).toBeLessThanOrEqual(401);
});

it('takes a rate that sound cannot have for a mistake, and counts it', () => {
  const { sound, said, meters } = bench();
  sound.accept({ ...tone(24_000, 100), sampleRateHz: 7 } as ServerEvent);
  expect(said[0]?.samples).toHaveLength(2_400);
  expect(meters.snapshot(0)).toMatchObject({ counters: { liveSoundOfUnknownRate: 1 } });
});

it('says nothing that a server said before the connection was lost', async () => {
  const { sound, types } = bench();
  sound.accept(tone(16_000, 100));
  sound.accept(DONE);
  sound.newConnection();
  sound.accept(tone(16_000, 100));
  sound.accept({ type: 'generationCompleted' });
  await expect.poll(() => types().at(-1)).toBe('generationCompleted');
  expect(types()).toEqual(['audio', 'generationCompleted']);
});
