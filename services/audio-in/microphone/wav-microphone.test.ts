import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeWav } from '#shared/audio/wav.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { wavMicrophone } from './wav-microphone.ts';

const folder = mkdtempSync(join(tmpdir(), 'wav-microphone-'));
const path = join(folder, 'count.wav');
/** 0.1 s at 8 kHz whose samples are 1, 2, 3 …. */
writeFileSync(path, writeWav({ sampleRateHz: 8_000, samples: Int16Array.from({ length: 800 }, (_, i) => i + 1) }));
const signal = new AbortController().signal;

async function play(loop: boolean, steps: number[]): Promise<{ heard: number[]; uses: string }> {
  const clock = manualClock();
  const heard: number[] = [];
  const listener = { captured: (samples: Int16Array) => heard.push(...samples), lost: () => undefined };
  const capture = await wavMicrophone({ path, loop, clock }).open(listener, signal);
  for (const step of steps) clock.advance(step);
  await capture.close();
  clock.advance(1_000);
  return { heard, uses: capture.uses };
}

describe('a WAV file as microphone', () => {
  afterAll(() => rmSync(folder, { recursive: true }));

  it('plays at real-time speed, once, and is silent afterwards', async () => {
    const { heard, uses } = await play(false, [50]);
    expect(heard).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
    expect(uses).toBe(`file:${path}`);
    const longer = (await play(false, [200])).heard;
    expect(longer.length).toBe(1_600);
    expect(longer.slice(798, 802)).toEqual([799, 800, 0, 0]);
  });

  it('plays on where it was when the clock learns the time', async () => {
    const clock = manualClock();
    let learntMs = 0;
    const heard: number[] = [];
    const listener = { captured: (samples: Int16Array) => heard.push(...samples), lost: () => undefined };
    const jumping = { ...clock, nowMs: () => clock.nowMs() + learntMs };
    const capture = await wavMicrophone({ path, loop: false, clock: jumping }).open(listener, signal);
    clock.advance(20);
    learntMs = 3_600_000;
    clock.advance(30);
    await capture.close();
    expect(heard.length).toBeGreaterThan(300);
    expect(heard).toEqual(Array.from(heard, (_, index) => index + 1));
  });

  it('repeats when it loops', async () => {
    const { heard } = await play(true, [30, 100, 100]);
    expect(heard.length).toBe(1_840);
    expect(heard.slice(798, 802)).toEqual([799, 800, 1, 2]);
  });

  it.each([
    ['is missing', join(folder, 'none.wav'), 'none.wav'],
    ['is no sound', import.meta.filename, 'no WAV file'],
  ])('that %s is a configuration error naming the setting', async (_what, file, words) => {
    const opening = wavMicrophone({ path: file, loop: false, clock: manualClock() }).open(
      { captured: () => undefined, lost: () => undefined },
      signal,
    );
    await expect(opening).rejects.toThrow(ConfigurationError);
    await expect(opening).rejects.toThrow(words);
    await expect(opening).rejects.toThrow('CORTEX_AUDIO_INPUT');
  });
});
