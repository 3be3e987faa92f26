import type { PcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';

const LOUD = 8_000;

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
