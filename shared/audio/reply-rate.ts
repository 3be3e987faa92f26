import { setImmediate } from 'node:timers/promises';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { borrowResampler } from './resampler.ts';
import type { WavSound } from './wav.ts';

/** What voices speak at; other rates mean that the header was misread. */
const LOWEST_RATE_HZ = 8_000;
const HIGHEST_RATE_HZ = 48_000;
/** Pushes the last samples through the resampler's filter, which looks 3 ms ahead. */
const FLUSH_MS = 20;
/** Resampled in one go: about half a millisecond of a core, so that a sound card fed by this process never waits for it. */
const SLICE_MS = 50;

/** The sound that is being resampled, and behind it those that wait: there is one resampler. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * A voice's sound at the rate of replies. Lets the event loop run in between: a warning of twenty seconds is 0.2 s of work.
 * Throws RangeError where its rate is none of a voice.
 */
export async function toReplyRate(sound: WavSound): Promise<Int16Array> {
  const { samples, sampleRateHz } = sound;
  if (sampleRateHz === REPLY_RATE_HZ) return samples;
  if (!(sampleRateHz >= LOWEST_RATE_HZ && sampleRateHz <= HIGHEST_RATE_HZ)) {
    throw new RangeError(`a voice at ${sampleRateHz} Hz cannot be right`);
  }
  const resampled = queue.then(() => resample(sound));
  queue = resampled.catch(() => undefined);
  return resampled;
}

async function resample({ samples, sampleRateHz }: WavSound): Promise<Int16Array> {
  const { process } = await borrowResampler(sampleRateHz, REPLY_RATE_HZ);
  // Whole seconds are a multiple of the resampler's block at any rate, so nothing stays behind for the next sound.
  const flushSamples = Math.ceil((sampleRateHz * FLUSH_MS) / 1000);
  const padded = new Int16Array(Math.ceil((samples.length + flushSamples) / sampleRateHz) * sampleRateHz);
  padded.set(samples);
  const output = new Int16Array((padded.length / sampleRateHz) * REPLY_RATE_HZ);
  const sliceSamples = Math.ceil((sampleRateHz * SLICE_MS) / 1000);
  let written = 0;
  for (let at = 0; at < padded.length; at += sliceSamples) {
    const slice = process(padded.subarray(at, at + sliceSamples));
    output.set(slice, written);
    written += slice.length;
    await setImmediate();
  }
  return output.subarray(0, Math.ceil(((samples.length + flushSamples) * REPLY_RATE_HZ) / sampleRateHz));
}
