import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODED_PERIOD_SAMPLES, codedSamples, findCodedSignal } from './coded-signal.ts';

function joined(...parts: Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

describe('the coded signal', () => {
  it('is the same whether it is made in one go or from the middle', () => {
    const whole = codedSamples(0, 2000);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1999 }), (index) => {
        expect(codedSamples(index, 1)[0]).toBe(whole[index]);
      }),
    );
  });

  it('repeats after its period and not at a divisor of it', () => {
    const start = codedSamples(0, 4);
    expect(codedSamples(CODED_PERIOD_SAMPLES, 4)).toEqual(start);
    // 2²⁴ − 1 = 3² · 5 · 7 · 13 · 17 · 241
    for (const prime of [3, 5, 7, 13, 17, 241]) {
      expect(codedSamples(CODED_PERIOD_SAMPLES / prime, 4)).not.toEqual(start);
    }
  });

  it('is found whole between silences', () => {
    const silence = new Int16Array(50);
    const found = findCodedSignal(joined(silence, codedSamples(700, 5000), silence), 700, 5000);
    expect(found).toEqual({ lost: [], doubled: [], inOrder: true, strangeSamples: 0, startsAt: 50 });
  });

  it('tells exactly which samples a cut lost and a splice doubled', () => {
    const signal = codedSamples(0, 3000);
    const spoilt = joined(signal.subarray(0, 1000), signal.subarray(1200, 2500), signal.subarray(2400));
    expect(findCodedSignal(spoilt, 0, 3000)).toMatchObject({
      lost: [{ from: 1000, to: 1200 }],
      doubled: [{ from: 2400, to: 2500 }],
      inOrder: false,
    });
  });

  it('takes no ramp out of silence for a piece of the signal', () => {
    const zeroAt = codedSamples(1_064_537, 2);
    expect([...zeroAt]).toEqual([0, 78]);
    const signal = codedSamples(1_064_500, 100);
    const recording = Int16Array.from([...signal, 0, 0, 78, 31_317, 7_786]);
    expect(findCodedSignal(recording, 1_064_500, 100)).toMatchObject({ lost: [], doubled: [], strangeSamples: 3 });
  });

  it('counts what is neither signal nor silence', () => {
    const signal = codedSamples(0, 1000);
    signal[500] = (signal[500] ?? 0) ^ 1;
    expect(findCodedSignal(signal, 0, 1000)).toMatchObject({ lost: [{ from: 500, to: 501 }], strangeSamples: 1 });
  });
});
