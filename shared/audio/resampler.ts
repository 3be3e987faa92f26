import type { EventEmitter } from 'node:events';
import speexPackage from 'speex-resampler';

/** CommonJS made from TypeScript: Node and our bundles find the class one `default` deeper than its types say. */
const SpeexResampler = (speexPackage as unknown as { default?: typeof speexPackage }).default ?? speexPackage;

// The library's WebAssembly glue listens for uncaught errors when it is loaded and throws them again, which would end the
// process past its orderly stop. Its two listeners are taken back here; the test beside this file notices if they change.
const host: EventEmitter = process;
for (const event of ['uncaughtException', 'unhandledRejection']) {
  for (const listener of host.listeners(event)) {
    if (/ExitStatus|^function abort\(/.test(String(listener))) host.off(event, listener as () => void);
  }
}

/** Turns a mono signal of one rate into one of another, chunk by chunk; the filter's memory lives across chunks. */
export interface Resampler {
  process(samples: Int16Array): Int16Array;
  /** Forgets what it has heard: the next chunk follows on silence. */
  reset(): void;
}

/** Speex's own default for voice over IP is 3; 7 keeps the stop band below −80 dB and costs under 1 % of a core. */
const QUALITY = 7;
/** Longer than the filter at any pair of rates a sound card has (384 samples for 48 → 16 kHz). */
const FLUSH_SAMPLES = 2_048;

/** The library never gives the memory of a resampler back (0.3 MB), and a device may come and go for days. */
const borrowed = new Map<string, Promise<Resampler>>();

/**
 * The process's one resampler from `fromHz` to `toHz`, as good as new, until the next call for the same two rates: for those
 * who need one at a time and need it again.
 */
export async function borrowResampler(fromHz: number, toHz: number): Promise<Resampler> {
  const direction = `${fromHz} ${toHz}`;
  const kept = borrowed.get(direction) ?? createResampler(fromHz, toHz);
  borrowed.set(direction, kept);
  const resampler = await kept;
  resampler.reset();
  return resampler;
}

/**
 * A resampler with a proper low-pass (SpeexDSP in WebAssembly); the samples themselves where both rates are the same.
 * @param fromHz rate of what goes in. @param toHz rate of what comes out.
 */
export async function createResampler(fromHz: number, toHz: number): Promise<Resampler> {
  if (fromHz === toHz) return { process: (samples) => samples, reset: () => undefined };
  await SpeexResampler.initPromise;
  const speex = new SpeexResampler(1, fromHz, toHz, QUALITY);
  // The library sizes its output in whole samples and miscounts where a chunk does not come out even, so it gets only
  // multiples of the smallest even block (3 samples for 48 → 16 kHz, 441 for 44.1 → 16 kHz).
  const blockSamples = fromHz / greatestCommonDivisor(fromHz, toHz);
  let remainder = new Int16Array(0);
  let used = false;
  return {
    process(samples) {
      used = true;
      const input = new Int16Array(remainder.length + samples.length);
      input.set(remainder);
      input.set(samples, remainder.length);
      const even = input.length - (input.length % blockSamples);
      remainder = input.slice(even);
      if (even === 0) return new Int16Array(0);
      const output = speex.processChunk(Buffer.from(input.buffer, 0, even * 2));
      return new Int16Array(output.buffer, output.byteOffset, output.length >> 1);
    },
    reset() {
      remainder = new Int16Array(0);
      if (!used) return;
      speex.processChunk(Buffer.alloc(Math.ceil(FLUSH_SAMPLES / blockSamples) * blockSamples * 2));
      used = false;
    },
  };
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
