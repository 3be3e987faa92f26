import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { borrowResampler } from './resampler.ts';
import type { WavSound } from './wav.ts';

/** What voices speak at; other rates mean that the header was misread. */
const LOWEST_RATE_HZ = 8_000;
const HIGHEST_RATE_HZ = 48_000;
/** Pushes the last samples through the resampler's filter, which looks 3 ms ahead. */
const FLUSH_MS = 20;

/** A voice's sound at the rate of replies. Throws RangeError where its rate is none of a voice. */
export async function toReplyRate({ samples, sampleRateHz }: WavSound): Promise<Int16Array> {
  if (sampleRateHz === REPLY_RATE_HZ) return samples;
  if (!(sampleRateHz >= LOWEST_RATE_HZ && sampleRateHz <= HIGHEST_RATE_HZ)) {
    throw new RangeError(`a voice at ${sampleRateHz} Hz cannot be right`);
  }
  // Borrowed for no longer than until the end of this function, which does not wait any more.
  const { process } = await borrowResampler(sampleRateHz, REPLY_RATE_HZ);
  // Whole seconds are a multiple of the resampler's block at any rate, so nothing stays behind for the next sound.
  const flushSamples = Math.ceil((sampleRateHz * FLUSH_MS) / 1000);
  const padded = new Int16Array(Math.ceil((samples.length + flushSamples) / sampleRateHz) * sampleRateHz);
  padded.set(samples);
  const output = new Int16Array((padded.length / sampleRateHz) * REPLY_RATE_HZ);
  let written = 0;
  for (let at = 0; at < padded.length; at += sampleRateHz) {
    const second = process(padded.subarray(at, at + sampleRateHz));
    output.set(second, written);
    written += second.length;
  }
  return output.subarray(0, Math.ceil(((samples.length + flushSamples) * REPLY_RATE_HZ) / sampleRateHz));
}
