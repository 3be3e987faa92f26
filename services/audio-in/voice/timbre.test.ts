import { describe, expect, it } from 'vitest';
import { isHum, type Timbre, timbreOf } from './timbre.ts';

const tone = (frequencyHz: number, amplitude = 8_000) =>
  Int16Array.from({ length: 512 }, (_unused, index) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * index) / 16_000)),
  );

describe('timbre', () => {
  it('knows loud from quiet and bright from dark', () => {
    expect(timbreOf(tone(1_000, 32_767)).levelDbfs).toBeCloseTo(-3, 0);
    expect(timbreOf(tone(1_000, 328)).levelDbfs).toBeCloseTo(-43, 0);
    expect(timbreOf(tone(200)).brightness).toBeLessThan(0.02);
    expect(timbreOf(tone(4_000)).brightness).toBeCloseTo(2, 1);
    expect(timbreOf(new Int16Array(512))).toEqual({ levelDbfs: -100, brightness: 0 });
  });

  const hum: Timbre = { levelDbfs: -25, brightness: 0.02 };
  const vowel: Timbre = { levelDbfs: -22, brightness: 0.1 };
  const breath: Timbre = { levelDbfs: -45, brightness: 2 };
  const aspirate: Timbre = { levelDbfs: -24, brightness: 0.6 };
  it.each<[string, Timbre[], boolean]>([
    ['a hum', [hum, hum, hum, hum], true],
    ['a hum with a breath in the middle', [hum, hum, breath, breath, breath, hum], true],
    ['a hum and a click of the lips', [hum, vowel, hum, hum], true],
    ['the h of "mhm", half of it in its neighbours', [hum, hum, vowel, aspirate, aspirate, vowel, hum], true],
    ['a bright vowel', [hum, vowel, aspirate, aspirate, aspirate, aspirate, aspirate], false],
    ['a word', [hum, vowel, vowel, hum], false],
  ])('%s', (_what, timbres, expected) => {
    expect(isHum(timbres)).toBe(expected);
  });
});
