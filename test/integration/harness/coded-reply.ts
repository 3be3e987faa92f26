import type { PcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { codedSignal } from './coded-signal.ts';

const FRAME = REPLY_RATE_HZ / 10;

/** Publishes a reply whose every sample tells its own position, in one burst as Gemini does. */
export function publishCoded(publisher: PcmPublisher, turn: number, seconds: number): void {
  const total = seconds * REPLY_RATE_HZ;
  for (let position = 0; position < total; position += FRAME) {
    publisher.publish({
      sampleRateHz: REPLY_RATE_HZ,
      stream: turn,
      position,
      timeUs: Date.now() * 1_000,
      first: position === 0,
      last: position + FRAME >= total,
      resent: false,
      samples: codedSignal(position, FRAME),
    });
  }
}
