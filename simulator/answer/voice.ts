import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { toReplyRate } from '#shared/audio/reply-rate.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';

/** Speaks a text: 24 kHz mono. */
export type Voice = (text: string) => Promise<Int16Array>;

/** espeak-ng where it is installed, tones where it is not; which of the two is found out at the first sentence. */
export function bestVoice(): Voice {
  let silentVoice = false;
  return async (text) => {
    if (silentVoice) return hum(text);
    try {
      return await toReplyRate(await speakWithEspeak(text));
    } catch (error) {
      // Not there stays not there; a voice that was too slow once may be quick enough the next time.
      silentVoice = error instanceof CortexError && (error.cause as NodeJS.ErrnoException).code === 'ENOENT';
      return hum(text);
    }
  };
}

/** A tone a word, as long as the word: the rhythm of the sentence without its words. */
export function hum(text: string): Int16Array {
  const words = text.split(/\s+/).filter(Boolean);
  const parts = words.flatMap((word, index) => [
    tone(180 + ((index * 67) % 200), 0.06 * word.length),
    new Int16Array(REPLY_RATE_HZ * 0.06),
  ]);
  const samples = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

/** A sine at a quarter of full scale, with soft edges. */
export function tone(frequencyHz: number, seconds: number): Int16Array {
  const samples = new Int16Array(Math.round(REPLY_RATE_HZ * seconds));
  const edge = Math.min(240, samples.length / 2);
  for (let at = 0; at < samples.length; at += 1) {
    const envelope = Math.min(1, at / edge, (samples.length - at) / edge);
    samples[at] = Math.sin((2 * Math.PI * frequencyHz * at) / REPLY_RATE_HZ) * 8192 * envelope;
  }
  return samples;
}
