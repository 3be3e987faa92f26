import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWav, writeWav } from '#shared/audio/wav.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { wavFileOutput } from './wav-file-output.ts';

describe('the WAV file output', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'speaker-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function counting() {
    let next = 0;
    let underruns = 0;
    return {
      source: (count: number) => Int16Array.from({ length: count }, () => (next += 1)),
      handedOver: () => undefined,
      alone: () => Promise.resolve(),
      predecessorPlays: () => false,
      lost: () => undefined,
      underran: () => {
        underruns += 1;
      },
      get underruns() {
        return underruns;
      },
    };
  }

  it('grows at real-time speed with a header that is right at every moment', async () => {
    const clock = manualClock(Date.now());
    const path = join(folder, 'deep', 'out.wav');
    const output = await wavFileOutput(path, clock)(counting());
    for (const elapsedMs of [20, 500]) {
      while (readFileSync(path).readUInt32LE(40) / 48 < elapsedMs) clock.advance(10);
      const { sampleRateHz, samples } = readWav(readFileSync(path));
      expect([sampleRateHz, samples.length]).toEqual([24_000, elapsedMs * 24]);
      expect([...samples]).toEqual(Array.from(samples, (_unused, index) => index + 1));
    }
    await output.close();
    clock.advance(1_000);
    expect(readWav(readFileSync(path)).samples.length).toBe(12_000);
  });

  it('records the silence a card would have played while the process slept', async () => {
    const clock = manualClock(Date.now());
    const path = join(folder, 'out.wav');
    const hooks = counting();
    const late = { ...clock, every: (_periodMs: number, task: () => void) => clock.every(300, task) };
    const output = await wavFileOutput(path, late)(hooks);
    clock.advance(300);
    await output.close();
    const { samples } = readWav(readFileSync(path));
    expect(hooks.underruns).toBe(1);
    expect(samples.length).toBe(300 * 24);
    expect(samples.indexOf(1)).toBe(260 * 24);
  });

  it('carries on the file of a speaker that was restarted, with the silence between', async () => {
    const path = join(folder, 'out.wav');
    const now = Date.now();
    writeFileSync(path, writeWav({ sampleRateHz: 24_000, samples: new Int16Array(100).fill(9) }));
    utimesSync(path, new Date(now), new Date(now - 500));
    const output = await wavFileOutput(path, manualClock(now))(counting());
    await output.close();
    const { samples } = readWav(readFileSync(path));
    expect(samples.length).toBe(100 + 12_000);
    expect(samples.lastIndexOf(9)).toBe(99);
  });

  it.each([
    ['that was left by an earlier run', 60_000, 24_000],
    ['of another rate', 0, 16_000],
  ])('begins afresh over a file %s', async (_title, ageMs, sampleRateHz) => {
    const path = join(folder, 'out.wav');
    const now = Date.now();
    writeFileSync(path, writeWav({ sampleRateHz, samples: new Int16Array(100) }));
    utimesSync(path, new Date(now), new Date(now - ageMs));
    await (await wavFileOutput(path, manualClock(now))(counting())).close();
    expect(readWav(readFileSync(path)).samples.length).toBe(0);
  });

  it('begins anew when the recording is as long as it may be', async () => {
    const clock = manualClock(Date.now());
    const path = join(folder, 'out.wav');
    const output = await wavFileOutput(path, clock, 100 * 24)(counting());
    while (readFileSync(path).readUInt32LE(40) / 48 < 100) clock.advance(5);
    clock.advance(20);
    await output.close();
    const { samples } = readWav(readFileSync(path));
    expect([samples[0], samples.length]).toEqual([100 * 24 + 1, 20 * 24]);
  });

  it('names the setting where the path cannot be written', async () => {
    const opened = wavFileOutput(folder, manualClock())(counting());
    await expect(opened).rejects.toThrow(ConfigurationError);
    await expect(opened).rejects.toThrow('CORTEX_AUDIO_OUTPUT');
  });
});
