import { expect, it } from 'vitest';
import type { WavSound } from '#shared/audio/wav.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { Voice } from '../voice.ts';
import { createLocalVoice } from './local-voice.ts';

const PLAIN: Voice = { name: 'plain', speak: async () => Int16Array.of(1) };
const MUTE: Voice = { name: 'plain', speak: () => Promise.reject(new Error('not installed')) };
const KOKORO: WavSound = { sampleRateHz: 24_000, samples: Int16Array.of(2) };
const settled = () => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

function voice(speak: ((signal: AbortSignal) => Promise<WavSound>) | undefined, plain = PLAIN) {
  const clock = manualClock();
  const meters = new Meters();
  const engine = {
    has: async () => speak !== undefined,
    speak: (_text: string, signal: AbortSignal) => speak?.(signal) ?? Promise.reject(new Error('unexpected')),
  };
  const made = createLocalVoice({ engine, plain, clock, log: createLog('test', 'silent'), meters });
  return { made, clock, counters: () => meters.snapshot(0).counters };
}

it('is Kokoro where its model is there', async () => {
  expect([...(await voice(async () => KOKORO).made.speak('Hello.', never))]).toEqual([2]);
});

it('is espeak-ng where it is not', async () => {
  expect([...(await voice(undefined).made.speak('Hello.', never))]).toEqual([1]);
});

it('is espeak-ng when Kokoro fails', async () => {
  const { made, counters } = voice(() => Promise.reject(new Error('damaged')));
  expect([...(await made.speak('Hello.', never))]).toEqual([1]);
  expect(counters()).toEqual({ offlineVoiceFailures: 1 });
});

it('does not keep the listener waiting for Kokoro, and lets go of what it waits for', async () => {
  let attempt: AbortSignal | undefined;
  const { made, clock, counters } = voice((signal) => {
    attempt = signal;
    return new Promise(() => {});
  });
  const spoken = made.speak('Hello.', never);
  await settled();
  clock.advance(1_859);
  await settled();
  expect(attempt?.aborted).toBe(false);
  clock.advance(1);
  expect([...(await spoken)]).toEqual([1]);
  expect(attempt?.aborted).toBe(true);
  expect(counters()).toEqual({ offlineVoiceTooSlow: 1 });
});

it('obeys an abort instead of changing the voice', async () => {
  const controller = new AbortController();
  const { made, counters } = voice(
    (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const spoken = made.speak('Hello.', controller.signal);
  spoken.catch(() => undefined);
  await settled();
  controller.abort(new Error('barge-in'));
  await expect(spoken).rejects.toThrow('barge-in');
  expect(counters()).toEqual({});
});

it('says so where nobody can speak', async () => {
  await expect(voice(undefined, MUTE).made.speak('Hello.', never)).rejects.toThrow(CortexError);
  await expect(voice(undefined, MUTE).made.speak('Hello.', never)).rejects.toThrow('plain cannot speak');
});
