import type { PcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Recording } from '../test/integration/harness/virtual-sound-card.ts';

/** The tone's amplitude, of 32,768. */
export const LOUD = 8_000;
/** What a ramp's last samples and the resampler's ringing stay below. */
const QUIET = 200;
/** A machine seldom stands still for longer than this, and what is delivered after that tells. */
const KNOWN_AFTER_SAMPLES = REPLY_RATE_HZ / 8;
/** Silence of this length is an answer; the tone itself never has so much. */
const SILENCE_SAMPLES = REPLY_RATE_HZ / 50;

/**
 * Milliseconds from `act` to the beginning of the change on the card. By the recorder's clock and not by when it is noticed: a
 * machine that stands still while a recording is delivered has not kept the loudspeaker waiting.
 */
export async function timed(recording: Recording, wanted: 'sound' | 'silence', act: () => void): Promise<number> {
  const before = recording.length;
  const startMs = performance.now();
  act();
  const at = await recording.until((samples) => {
    const change = changeIn(samples, wanted);
    return change === undefined ? undefined : before + change;
  }, before);
  return (await knownTimeMs(recording, at)) - startMs;
}

/** When (`performance.now()`) a sample was on the card, asked when enough has been recorded behind it to tell. */
export async function knownTimeMs(recording: Recording, index: number): Promise<number> {
  await recording.until(({ length }) => length >= KNOWN_AFTER_SAMPLES || undefined, index);
  return recording.timeMs(index);
}

/** Where sound begins, or where silence long enough to be one does. */
function changeIn(samples: Int16Array, wanted: 'sound' | 'silence'): number | undefined {
  if (wanted === 'sound') {
    const at = samples.findIndex((sample) => Math.abs(sample) > QUIET);
    return at < 0 ? undefined : at;
  }
  let quiet = 0;
  for (const [index, sample] of samples.entries()) {
    quiet = Math.abs(sample) > QUIET ? 0 : quiet + 1;
    if (quiet === SILENCE_SAMPLES) return index - SILENCE_SAMPLES + 1;
  }
  return undefined;
}

/** A tone of 1 kHz whose every sample is loud, published in one burst as Gemini does. */
export function speakTone(publisher: PcmPublisher, turn: number, seconds: number): void {
  const frame = REPLY_RATE_HZ / 25;
  const total = seconds * REPLY_RATE_HZ;
  const samples = Int16Array.from({ length: frame }, (_unused, index) => (index % 24 < 12 ? LOUD : -LOUD));
  for (let position = 0; position < total; position += frame) {
    const last = position + frame >= total;
    const timeUs = Date.now() * 1_000;
    publisher.publish({
      sampleRateHz: REPLY_RATE_HZ,
      stream: turn,
      position,
      timeUs,
      first: position === 0,
      last,
      resent: false,
      samples,
    });
  }
}
