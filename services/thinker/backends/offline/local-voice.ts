import { toReplyRate } from '#shared/audio/reply-rate.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Voice } from '../voice.ts';
import type { SpeechEngine } from './speech-engine.ts';

/** A listener takes longer silence for a crash. Loading Kokoro alone can take it on a Pi. */
const FIRST_SOUND_LIMIT_MS = 1_500;
/** Per character of a piece, on top: the time the piece before takes to be heard (15 characters a second). */
const LIMIT_PER_CHARACTER_MS = 60;

export interface LocalVoiceOptions {
  readonly engine: Pick<SpeechEngine, 'has' | 'speak'>;
  readonly plain: Voice;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
}

/**
 * The best voice of this machine: Kokoro where its files are there and it is quick enough, else espeak-ng. Prompt beats
 * beautiful: a piece that Kokoro does not finish in time is spoken by espeak-ng, while Kokoro goes on loading for the next.
 * Rejects with CortexError `no-voice` where neither can speak; only earcons are left then.
 */
export function createLocalVoice({ engine, plain, clock, log, meters }: LocalVoiceOptions): Voice {
  async function speakWell(text: string, signal: AbortSignal): Promise<Int16Array | undefined> {
    if (!(await engine.has('voice'))) return undefined;
    const attempt = new AbortController();
    const stop = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    let cancelLimit = () => {};
    const tooLate = new Promise<undefined>((resolve) => {
      cancelLimit = clock.after(FIRST_SOUND_LIMIT_MS + text.length * LIMIT_PER_CHARACTER_MS, () => resolve(undefined));
    });
    try {
      const sound = engine.speak(text, attempt.signal);
      // Whoever lost the race is not waited for.
      sound.catch(() => undefined);
      const first = await Promise.race([sound, tooLate]);
      if (first) return await toReplyRate(first);
      meters.count('offlineVoiceTooSlow');
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      meters.count('offlineVoiceFailures');
      log.warn({ reason: messageOf(error) }, 'the offline voice failed; espeak-ng speaks');
      return undefined;
    } finally {
      cancelLimit();
      signal.removeEventListener('abort', stop);
      attempt.abort();
    }
  }

  return {
    name: `Kokoro, else ${plain.name}`,
    async speak(text, signal) {
      const sound = await speakWell(text, signal);
      if (sound) return sound;
      signal.throwIfAborted();
      try {
        return await plain.speak(text, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CortexError) throw error;
        throw new CortexError('no-voice', `${plain.name} cannot speak: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}
