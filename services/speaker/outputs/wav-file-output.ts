import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { WAV_HEADER_BYTES, wavHeader } from '#shared/audio/wav.ts';
import { ConfigurationError, CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { OpenOutput } from './output.ts';
import { paceSource } from './paced-source.ts';

/** A file last written this recently belongs to a speaker that was restarted: it is carried on, with the silence between. */
const CARRY_ON_MS = 10_000;

/** What fits into a WAV file, whose lengths are 32 bits wide: a day. */
const MOST_SAMPLES = 24 * 60 * 60 * REPLY_RATE_HZ;

/**
 * Records what a device would have played: 24 kHz mono s16le at real-time speed, silence included. The header is right at
 * every moment, so the file can be read while it grows. Rejects with ConfigurationError where the path cannot be written.
 * @param mostSamples the recording begins anew when it is this long.
 */
export function wavFileOutput(path: string, clock: Clock, mostSamples = MOST_SAMPLES): OpenOutput {
  return async (hooks) => {
    // Two writers would overwrite each other.
    await hooks.alone();
    const file = openFile(path);
    let samples = 0;
    try {
      samples = carriedOn(file, clock.nowMs());
    } catch (error) {
      closeSync(file);
      throw error;
    }
    let open = true;
    let stop = (): void => undefined;

    function close(): void {
      stop();
      if (open) closeSync(file);
      open = false;
    }

    function write(block: Int16Array): void {
      if (!open) return;
      try {
        if (samples + block.length > mostSamples) {
          ftruncateSync(file, WAV_HEADER_BYTES);
          samples = 0;
        }
        const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
        writeSync(file, bytes, 0, bytes.length, WAV_HEADER_BYTES + samples * 2);
        samples += block.length;
        writeSync(file, wavHeader(REPLY_RATE_HZ, samples), 0, WAV_HEADER_BYTES, 0);
      } catch (error) {
        close();
        const message = `${path} can no longer be written (${messageOf(error)}): make room`;
        hooks.lost(new CortexError('output-lost', message, { cause: error, retryable: true }));
      }
    }

    stop = paceSource(clock, hooks, write);
    return {
      name: `file ${path}`,
      unheardSamples: () => 0,
      perishableSamples: () => 0,
      close: async () => close(),
    };
  };
}

function openFile(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    const message = `CORTEX_AUDIO_OUTPUT: ${path} cannot be written (${messageOf(error)}): choose another path`;
    throw new ConfigurationError(message, { cause: error });
  }
}

/** Samples the file holds to begin with: none, or those of the speaker that was restarted and the silence since. */
function carriedOn(file: number, nowMs: number): number {
  const { size, mtimeMs } = fstatSync(file);
  const held = Math.max(0, Math.floor((size - WAV_HEADER_BYTES) / 2));
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  readSync(file, header, 0, WAV_HEADER_BYTES, 0);
  // Everything but the two lengths has to be as we write it.
  const ours = wavHeader(REPLY_RATE_HZ, 0);
  for (const offset of [4, 40]) header.writeUInt32LE(ours.readUInt32LE(offset), offset);
  const isOurs = size >= WAV_HEADER_BYTES && header.equals(ours) && nowMs - mtimeMs < CARRY_ON_MS;
  const samples = isOurs ? held + Math.max(0, Math.round(((nowMs - mtimeMs) * REPLY_RATE_HZ) / 1000)) : 0;
  ftruncateSync(file, isOurs ? WAV_HEADER_BYTES + samples * 2 : 0);
  writeSync(file, wavHeader(REPLY_RATE_HZ, samples), 0, WAV_HEADER_BYTES, 0);
  return samples;
}
