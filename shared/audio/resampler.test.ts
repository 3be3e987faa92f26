import type { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { levelOf } from './level.ts';
import { borrowResampler, createResampler } from './resampler.ts';

function tone(frequencyHz: number, rateHz: number, seconds: number): Int16Array {
  return Int16Array.from({ length: rateHz * seconds }, (_unused, index) =>
    Math.round(16_000 * Math.sin((2 * Math.PI * frequencyHz * index) / rateHz)),
  );
}

async function resampleInChunks(samples: Int16Array, fromHz: number, toHz: number, chunk: number): Promise<Int16Array> {
  const resampler = await createResampler(fromHz, toHz);
  const output: number[] = [];
  for (let at = 0; at < samples.length; at += chunk)
    output.push(...resampler.process(samples.subarray(at, at + chunk)));
  return Int16Array.from(output);
}

it('keeps a tone of the pass band at its level, whatever the chunks', async () => {
  for (const chunk of [480, 441, 37]) {
    const output = await resampleInChunks(tone(1000, 48_000, 1), 48_000, 16_000, chunk);
    expect(Math.abs(output.length - 16_000)).toBeLessThan(100);
    expect(levelOf(output.subarray(1000, 15_000)).rms).toBeCloseTo(levelOf(tone(1000, 16_000, 1)).rms, 0);
  }
});

it('lets nothing above half the target rate through, so that no alias is heard', async () => {
  const output = await resampleInChunks(tone(11_000, 48_000, 1), 48_000, 16_000, 480);
  expect(levelOf(output.subarray(1000, 15_000)).rms).toBeLessThan(-60);
});

it('hands samples of the right rate through untouched', async () => {
  const resampler = await createResampler(16_000, 16_000);
  const samples = Int16Array.of(1, 2, 3);
  expect(resampler.process(samples)).toBe(samples);
});

it('lends the same resampler again and again, and what one user played is not heard by the next', async () => {
  const first = await borrowResampler(24_000, 44_100);
  first.process(tone(1000, 24_000, 1).subarray(0, 12_007));
  const second = await borrowResampler(24_000, 44_100);
  expect(second).toBe(first);
  expect(second.process(new Int16Array(24_000)).every((sample) => sample === 0)).toBe(true);
  expect(await borrowResampler(24_000, 48_000)).not.toBe(first);
});

it('leaves uncaught errors to the process that loads it', () => {
  const host: EventEmitter = process;
  const speexListeners = (event: string) =>
    host.listeners(event).filter((listener) => /ExitStatus|abort/.test(String(listener)));
  expect(speexListeners('uncaughtException')).toEqual([]);
  expect(speexListeners('unhandledRejection')).toEqual([]);
});
