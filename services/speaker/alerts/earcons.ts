import type { Alert } from '#shared/contract/speaker.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';

export type Earcon = NonNullable<Alert['earcon']>;

interface Note {
  startMs: number;
  lengthMs: number;
  frequencyHz: number;
  /** Loudness of the first, second, third… harmonic. */
  harmonics: readonly number[];
}

const BELL = [1, 0.35, 0.12] as const;
/** Odd harmonics cut through traffic noise. */
const ALARM = [1, 0, 0.5, 0, 0.25] as const;
const PEAK = 0.5 * 32_767;
const ATTACK_MS = 4;
const RELEASE_MS = 12;

function note(startMs: number, lengthMs: number, frequencyHz: number, harmonics: readonly number[] = BELL): Note {
  return { startMs, lengthMs, frequencyHz, harmonics };
}

/**
 * Told apart by rhythm and direction, not by pitch alone: three quick alternations are danger, a rise asks for attention,
 * a rising chord says ready, a slow fall says offline. All are over within half a second.
 */
const EARCONS: Record<Earcon, readonly Note[]> = {
  danger: [0, 1, 2].flatMap((pulse) => [note(pulse * 150, 70, 1_175, ALARM), note(pulse * 150 + 70, 70, 880, ALARM)]),
  attention: [note(0, 140, 659), note(130, 240, 880)],
  ready: [note(0, 150, 523), note(90, 170, 659), note(180, 280, 784)],
  offline: [note(0, 200, 440), note(200, 280, 330)],
};

/** The samples of an earcon, mono, peak about −6 dBFS. Pure. */
export function earcon(kind: Earcon, sampleRateHz: number): Int16Array {
  const notes = EARCONS[kind];
  const lengthMs = Math.max(...notes.map(({ startMs, lengthMs: length }) => startMs + length));
  const mix = new Float64Array(Math.ceil((lengthMs * sampleRateHz) / 1000));
  for (const { startMs, lengthMs: length, frequencyHz, harmonics } of notes) {
    const first = Math.round((startMs * sampleRateHz) / 1000);
    const count = Math.floor((length * sampleRateHz) / 1000);
    for (let index = 0; index < count && first + index < mix.length; index += 1) {
      const atMs = (index * 1000) / sampleRateHz;
      const phase = (2 * Math.PI * frequencyHz * index) / sampleRateHz;
      const tone = harmonics.reduce((sum, loudness, harmonic) => sum + loudness * Math.sin(phase * (harmonic + 1)), 0);
      mix[first + index] = (mix[first + index] ?? 0) + tone * envelope(atMs, length);
    }
  }
  const loudest = mix.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  return Int16Array.from(mix, (value) => Math.round((value / loudest) * PEAK));
}

/** A struck bell: quick attack, decay, and silence at the end so that nothing clicks. */
function envelope(atMs: number, lengthMs: number): number {
  const attack = Math.min(1, atMs / ATTACK_MS);
  const release = Math.min(1, (lengthMs - atMs) / RELEASE_MS);
  return attack * release * Math.exp((-2 * atMs) / lengthMs);
}

/**
 * Every earcon at the rate of replies, made when the process starts: one takes 10 ms of a core and more, for which a sound card
 * with as much ahead of it would not wait.
 */
export const REPLY_EARCONS: Readonly<Record<Earcon, Int16Array>> = {
  danger: earcon('danger', REPLY_RATE_HZ),
  attention: earcon('attention', REPLY_RATE_HZ),
  ready: earcon('ready', REPLY_RATE_HZ),
  offline: earcon('offline', REPLY_RATE_HZ),
};
