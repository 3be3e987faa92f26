import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { toReplyRate } from '#shared/audio/reply-rate.ts';
import type { Alert } from '#shared/contract/speaker.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { AlertVoice } from './alert-voice.ts';
import { earcon } from './earcons.ts';

/** Longer warnings are cut: whoever needs more words uses thinker/say. At 15 characters a second this is 20 s. */
const MAX_TEXT = 300;

/** Speaks a text, 24 kHz mono. Rejects where there is no voice. */
export type Speak = (text: string) => Promise<Int16Array>;

export async function speakLocally(text: string): Promise<Int16Array> {
  return toReplyRate(await speakWithEspeak(text));
}

/** Turns alerts into sound: the earcon at once, the sentence as soon as it is synthesised. Never rejects. */
export async function soundAlert(
  { id, earcon: kind, text }: Alert,
  voice: AlertVoice,
  { speak, log, meters }: { speak: Speak; log: Log; meters: Meters },
): Promise<void> {
  const sentence = text?.trim().slice(0, MAX_TEXT);
  if (!kind && !sentence) return;
  const begun = voice.begin(id, {
    urgent: kind === 'danger',
    spoken: Boolean(sentence),
    ...(kind && { earcon: earcon(kind, REPLY_RATE_HZ) }),
  });
  meters.count(begun ? 'alertsPlayed' : 'alertsRefused');
  if (!begun) log.warn({ id }, 'too many alerts are waiting, this one is dropped');
  if (!begun || !sentence) return;
  try {
    voice.append(id, await speak(sentence));
  } catch (error) {
    meters.count('alertsWithoutVoice');
    log.warn({ id, reason: messageOf(error) }, 'an alert is sounded without its words');
    // Better any sound than none.
    if (!kind) voice.append(id, earcon('attention', REPLY_RATE_HZ));
  } finally {
    voice.close(id);
  }
}
