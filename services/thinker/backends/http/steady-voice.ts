import type { Clock } from '#shared/time/clock.ts';
import type { AnswerFailure } from '../answer-failure.ts';
import type { Voice } from '../voice.ts';
import { httpFailure } from './http-failure.ts';
import { mayRetry, pause } from './retry.ts';

export interface SteadyVoiceOptions {
  readonly clock: Clock;
  readonly onRetry: () => void;
  /** The first voice is given up for this answer. */
  readonly onSwitch: (failure: AnswerFailure) => void;
}

/**
 * The first voice; where it fails twice at a piece (or once for good) the second one speaks that piece and all that follow,
 * so that an answer changes its voice once at most. Serves one answer. Rejects with the first voice's failure where the
 * second one cannot speak either.
 */
export function createSteadyVoice(first: Voice, second: Voice, options: SteadyVoiceOptions): Voice {
  let failure: AnswerFailure | undefined;

  async function speakFirst(text: string, signal: AbortSignal): Promise<Int16Array> {
    try {
      return await first.speak(text, signal);
    } catch (error) {
      signal.throwIfAborted();
      const reason = httpFailure(error);
      if (failure || !mayRetry(reason)) throw reason;
      options.onRetry();
      await pause(options.clock, reason, signal);
      return await first.speak(text, signal);
    }
  }

  async function speakSecond(text: string, signal: AbortSignal, reason: AnswerFailure): Promise<Int16Array> {
    try {
      return await second.speak(text, signal);
    } catch {
      // No voice is left; why the better one is missing says more than that espeak-ng is not installed.
      throw reason;
    }
  }

  return {
    name: `${first.name}, else ${second.name}`,
    async speak(text, signal) {
      if (failure) return speakSecond(text, signal, failure);
      try {
        return await speakFirst(text, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!failure) {
          failure = httpFailure(error);
          options.onSwitch(failure);
        }
        return speakSecond(text, signal, failure);
      }
    },
  };
}
