import { readFile } from 'node:fs/promises';
import { readWav, type WavSound } from '#shared/audio/wav.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';

/** As long as a sound card's period: small enough that the voice detector is not kept waiting. */
const PERIOD_MS = 10;
/** A timer that is later than this is not late: the machine has learnt the time, or was asleep itself. */
const LATEST_MS = 10_000;

interface WavMicrophoneOptions {
  path: string;
  loop: boolean;
  clock: Clock;
  /** What the recording stands in for, where nobody asked for it. */
  standsInFor?: string;
}

/**
 * Plays a WAV file as if it were spoken: at real-time speed, once and then silence, or over and over.
 * Rejects with ConfigurationError for a file that cannot be read.
 */
export function wavMicrophone({ path, loop, clock, standsInFor }: WavMicrophoneOptions): Microphone {
  return {
    async open(listener: CaptureListener): Promise<Capture> {
      const sound = await load(path);
      let startedAtMs = clock.nowMs();
      let position = 0;
      const cancel = clock.every(PERIOD_MS, () => {
        const playedMs = (position * 1000) / sound.sampleRateHz;
        if (clock.nowMs() - startedAtMs - playedMs > LATEST_MS) startedAtMs = clock.nowMs() - playedMs;
        // As many samples as have become due: a late timer delays nothing for good.
        const due = Math.floor(((clock.nowMs() - startedAtMs) * sound.sampleRateHz) / 1000);
        if (due === position) return;
        const samples = playedBetween(sound.samples, position, due, loop);
        position = due;
        listener.captured(samples);
      });
      return {
        sampleRateHz: sound.sampleRateHz,
        recorded: true,
        uses: standsInFor ? `${standsInFor} (${path})` : `${loop ? 'file-loop' : 'file'}:${path}`,
        close() {
          cancel();
          return Promise.resolve();
        },
      };
    },
  };
}

async function load(path: string): Promise<WavSound> {
  let problem: string;
  try {
    const sound = readWav(await readFile(path));
    if (sound.samples.length > 0) return sound;
    problem = 'it holds no sample';
  } catch (error) {
    problem = messageOf(error);
  }
  throw new ConfigurationError(`CORTEX_AUDIO_INPUT: ${path} cannot be played (${problem}): name a readable WAV file`);
}

function playedBetween(sound: Int16Array, from: number, to: number, loop: boolean): Int16Array {
  const result = new Int16Array(to - from);
  for (let i = 0; i < result.length; i += 1) {
    const position = from + i;
    result[i] = sound[loop ? position % sound.length : position] ?? 0;
  }
  return result;
}
