import type { PcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Recording } from '../test/integration/harness/virtual-sound-card.ts';

const LOUD = 8_000;
/** What a ramp's last samples and the resampler's ringing stay below. */
const QUIET = 200;
/** Silence of this length is an answer; the tone itself never has so much. */
const SILENCE_SAMPLES = REPLY_RATE_HZ / 50;

/** Milliseconds from `act` to the moment the recorder has delivered the beginning of the change. */
export async function timed(recording: Recording, wanted: 'sound' | 'silence', act: () => void): Promise<number> {
  const before = recording.samples().length;
  const startMs = performance.now();
  act();
  return recording.until((samples) => {
    const at = changeIn(samples.subarray(before), wanted);
    if (at === undefined) return undefined;
    const deliveredMs = ((samples.length - before - at) * 1_000) / REPLY_RATE_HZ;
    return performance.now() - startMs - deliveredMs;
  });
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
