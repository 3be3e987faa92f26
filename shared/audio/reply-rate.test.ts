import { expect, it } from 'vitest';
import { levelOf } from './level.ts';
import { toReplyRate } from './reply-rate.ts';

function tone(rateHz: number, ms: number): Int16Array {
  return Int16Array.from({ length: (rateHz * ms) / 1000 }, (_unused, index) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * 500 * index) / rateHz)),
  );
}

it.each([8_000, 16_000, 22_050, 44_100, 48_000])(
  'a sound at %i Hz keeps its length and level',
  async (sampleRateHz) => {
    const samples = await toReplyRate({ sampleRateHz, samples: tone(sampleRateHz, 1_480) });
    expect(samples.length).toBe(24 * 1_500);
    expect(levelOf(samples.subarray(1_000, 34_000)).rms).toBeCloseTo(levelOf(tone(24_000, 1_000)).rms, 0);
  },
);

it('a long sentence leaves room for a sound card to be fed while it is converted', async () => {
  let fed = 0;
  let next = setImmediate(feed);
  function feed(): void {
    fed += 1;
    next = setImmediate(feed);
  }
  await toReplyRate({ sampleRateHz: 22_050, samples: tone(22_050, 10_000) });
  clearImmediate(next);
  expect(fed).toBeGreaterThan(100);
});

it('two sentences at the same time come out as one after the other', async () => {
  const sound = { sampleRateHz: 22_050, samples: tone(22_050, 187) };
  const alone = await toReplyRate(sound);
  expect(await Promise.all([toReplyRate(sound), toReplyRate(sound)])).toEqual([alone, alone]);
});

it('no sound leaks into the next one', async () => {
  await toReplyRate({ sampleRateHz: 22_050, samples: tone(22_050, 987) });
  const silence = await toReplyRate({ sampleRateHz: 22_050, samples: new Int16Array(10_000) });
  expect(levelOf(silence).peak).toBe(-100);
});

it('refuses a rate that no voice has', async () => {
  await expect(toReplyRate({ sampleRateHz: 3, samples: new Int16Array(1) })).rejects.toThrow(RangeError);
});
