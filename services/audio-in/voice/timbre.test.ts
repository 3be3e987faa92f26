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
    expect(timbreOf(new Int16Array(512))).toEqual({ levelDbfs: -100, brightness: 0, openness: 0 });
  });

  it('knows what comes out of a closed mouth from what comes out of an open one', () => {
    const sum = (...sounds: Int16Array[]) =>
      Int16Array.from({ length: 512 }, (_unused, at) => sounds.reduce((all, sound) => all + (sound[at] ?? 0), 0));
    expect(timbreOf(tone(250)).openness).toBeLessThan(-30);
    expect(timbreOf(sum(tone(250), tone(700))).openness).toBeCloseTo(0, 0);
    expect(timbreOf(sum(tone(250, 800), tone(700))).openness).toBeCloseTo(20, 0);
    // Neither a steady pressure nor the mains make a mouth look closed.
    const wind = new Int16Array(512).fill(9_000);
    expect(timbreOf(sum(tone(250), tone(700), wind, tone(50))).openness).toBeGreaterThan(-1);
  });

  const hum: Timbre = { levelDbfs: -25, brightness: 0.02, openness: -15 };
  const higherHum: Timbre = { ...hum, openness: -9 };
  const vowel: Timbre = { levelDbfs: -22, brightness: 0.1, openness: 3 };
  const darkVowel: Timbre = { levelDbfs: -22, brightness: 0.03, openness: -5 };
  const breath: Timbre = { levelDbfs: -45, brightness: 2, openness: 15 };
  const aspirate: Timbre = { levelDbfs: -24, brightness: 0.6, openness: 12 };
  it.each<[string, Timbre[], boolean]>([
    ['a hum', [hum, hum, hum, hum], true],
    ['a hum that rises', [hum, hum, higherHum, higherHum], true],
    ['a hum with a breath in the middle', [hum, hum, breath, breath, breath, hum], true],
    ['a hum and a click of the lips', [hum, vowel, hum, hum], true],
    ['the h of "mhm", half of it in its neighbours', [hum, hum, vowel, aspirate, aspirate, vowel, hum], true],
    ['a bright vowel', [hum, vowel, aspirate, aspirate, aspirate, aspirate, aspirate], false],
    ['a word', [hum, vowel, vowel, hum], false],
    ['a word as dark as "moon"', [hum, hum, darkVowel, darkVowel, darkVowel, hum], false],
  ])('%s', (_what, timbres, expected) => {
    expect(isHum(timbres)).toBe(expected);
  });
});
