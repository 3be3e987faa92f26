import type { GenerateContentResponse, Models } from '@google/genai';
import { toReplyRate } from '#shared/audio/reply-rate.ts';
import type { Clock } from '#shared/time/clock.ts';
import { AnswerFailure } from '../answer-failure.ts';
import type { Voice } from '../voice.ts';
import { startDeadline } from './deadline.ts';
import { httpFailure } from './http-failure.ts';
import { ttsSound } from './tts-sound.ts';

/** A sentence takes the model 1 to 3 s; the user waits in silence, and espeak-ng stands ready. */
const SENTENCE_LIMIT_MS = 8_000;

export interface GeminiVoiceOptions {
  readonly models: Pick<Models, 'generateContent'>;
  readonly model: string;
  readonly voiceName: string;
  readonly clock: Clock;
  readonly onUsage?: (usage: NonNullable<GenerateContentResponse['usageMetadata']>) => void;
}

/** Gemini's text-to-speech over HTTP, one request a piece. `speak` throws AnswerFailure and does not try twice. */
export function createGeminiVoice({ models, model, voiceName, clock, onUsage }: GeminiVoiceOptions): Voice {
  return {
    name: `${model} (${voiceName})`,
    async speak(text, signal) {
      const deadline = startDeadline(clock, signal, SENTENCE_LIMIT_MS, 'to speak a sentence');
      try {
        const response = await models.generateContent({
          model,
          contents: [{ role: 'user', parts: [{ text }] }],
          config: {
            responseModalities: ['AUDIO'],
            speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName } } },
            abortSignal: deadline.signal,
          },
        });
        if (response.usageMetadata) onUsage?.(response.usageMetadata);
        return await toReplyRate(ttsSound(response));
      } catch (error) {
        if (deadline.signal.reason instanceof AnswerFailure) throw deadline.signal.reason;
        if (error instanceof RangeError) {
          throw new AnswerFailure('transient', `Gemini's voice sent no sound: ${error.message}`, {
            retryable: true,
            cause: error,
          });
        }
        throw httpFailure(error);
      } finally {
        deadline.end();
      }
    },
  };
}
