import { borrowResampler } from '#shared/audio/resampler.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { SampleSource } from './output.ts';

/** What a device is opened with. */
export interface DeviceFormat {
  rateHz: number;
  channels: 1 | 2;
}

/** In order of liking: as the reply comes, then what cheap hardware insists on. */
export function formatsToTry(deviceRateHz: number): DeviceFormat[] {
  const rates = [...new Set([REPLY_RATE_HZ, deviceRateHz, 48_000, 44_100])];
  return rates.flatMap((rateHz): DeviceFormat[] => [
    { rateHz, channels: 1 },
    { rateHz, channels: 2 },
  ]);
}

/** Samples a device takes in one period of 5 ms. */
export function periodFrames({ rateHz }: DeviceFormat): number {
  return Math.round(rateHz / 200);
}

/** The source as the device wants it: interleaved s16le bytes of `frames` frames at a time, resampled where need be. */
export async function sourceFor(
  source: SampleSource,
  { rateHz, channels }: DeviceFormat,
): Promise<(frames: number) => Buffer> {
  // The common case costs nothing: samples lie in memory as s16le on every machine this runs on.
  if (rateHz === REPLY_RATE_HZ && channels === 1) {
    return (frames) => {
      const { buffer, byteOffset, byteLength } = source(frames);
      return Buffer.from(buffer, byteOffset, byteLength);
    };
  }
  const resampler = await borrowResampler(REPLY_RATE_HZ, rateHz);
  let ready = new Int16Array(0);
  return (frames) => {
    while (ready.length < frames) {
      const wanted = Math.max(1, Math.ceil(((frames - ready.length) * REPLY_RATE_HZ) / rateHz));
      const more = resampler.process(source(wanted));
      const joined = new Int16Array(ready.length + more.length);
      joined.set(ready);
      joined.set(more, ready.length);
      ready = joined;
    }
    const mono = ready.subarray(0, frames);
    ready = ready.slice(frames);
    const bytes = Buffer.allocUnsafe(frames * channels * 2);
    for (let frame = 0; frame < frames; frame += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        bytes.writeInt16LE(mono[frame] ?? 0, (frame * channels + channel) * 2);
      }
    }
    return bytes;
  };
}
