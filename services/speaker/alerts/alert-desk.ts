import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { toReplyRate } from '#shared/audio/reply-rate.ts';
import type { Alert } from '#shared/contract/speaker.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { AlertVoice } from './alert-voice.ts';
import { REPLY_EARCONS } from './earcons.ts';

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
  const urgent = kind === 'danger';
  // Three questions that fail for the same reason are explained once; a real answer waits behind every sentence.
  if (sentence && !urgent && voice.says(sentence)) {
    meters.count('alertsRepeated');
    return;
  }
  const words = voice.begin({
    urgent,
    spoken: Boolean(sentence),
    sentence,
    outdated: () => meters.count('alertsOutdated'),
    ...(kind && { earcon: REPLY_EARCONS[kind] }),
  });
  meters.count(words ? 'alertsPlayed' : 'alertsRefused');
  if (!words) log.warn({ id }, 'too many alerts are waiting, this one is dropped');
  if (!words || !sentence) return;
  try {
    words.append(await speak(sentence));
  } catch (error) {
    meters.count('alertsWithoutVoice');
    log.warn({ id, reason: messageOf(error) }, 'an alert is sounded without its words');
    // Better any sound than none.
    if (!kind) words.append(REPLY_EARCONS.attention);
  } finally {
    words.close();
  }
}
