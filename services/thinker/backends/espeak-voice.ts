import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { toReplyRate } from '#shared/audio/reply-rate.ts';
import type { Voice } from './voice.ts';

/** The voice that needs no network and no model files: espeak-ng, a 2 MB Debian package. */
export function createEspeakVoice(voice = 'en'): Voice {
  return {
    name: 'espeak-ng',
    speak: async (text, signal) => toReplyRate(await speakWithEspeak(text, { voice, signal })),
  };
}
