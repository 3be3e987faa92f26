import type { Models } from '@google/genai';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { AnswerBackend, Question } from '../answer-backend.ts';
import type { AnswerFailure } from '../answer-failure.ts';
import { type Emit, streamAnswer } from '../answer-stream.ts';
import { PartQueue } from '../part-queue.ts';
import { cutPieces, speakable } from '../sentences.ts';
import { speakInOrder } from '../speak-in-order.ts';
import type { Voice } from '../voice.ts';
import { createGeminiVoice } from './gemini-voice.ts';
import { type Learned, readReply } from './http-reply.ts';
import { createSteadyVoice } from './steady-voice.ts';
import { tokenCounts } from './token-counts.ts';

export interface HttpBackendOptions {
  /** Of the official SDK, made with `apiVersion: 'v1beta'` and, where set, `GEMINI_BASE_URL`. */
  readonly models: Pick<Models, 'generateContent' | 'generateContentStream'>;
  readonly model: string;
  readonly ttsModel: string;
  readonly voiceName: string;
  /** What the assistant is told about itself. */
  readonly instruction: string;
  readonly temperature: number;
  readonly maxTokens: number;
  /** Speaks what Gemini's voice does not. */
  readonly localVoice: Voice;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
}

/**
 * Answers over plain HTTP: utterance and picture → streamed text → speech, piece by piece, so that the first sound does not
 * wait for the last word. Throws AnswerFailure; a broken-off answer is spoken as far as it came.
 */
export function createHttpBackend(options: HttpBackendOptions): AnswerBackend {
  const learned: Learned = { thinkingLevel: true };
  return {
    level: 'http',
    answer: (question, signal) =>
      streamAnswer(signal, (emit, abort) => new HttpAnswer({ ...options, learned }, emit, abort).run(question)),
  };
}

class HttpAnswer {
  private readonly options: HttpBackendOptions & { learned: Learned };
  private readonly emit: Emit;
  private readonly signal: AbortSignal;
  private readonly startedMs: number;
  private readonly pieces = new PartQueue<string>();
  private text = '';
  private rest = '';
  private pieceCount = 0;
  private soundCount = 0;

  constructor(options: HttpBackendOptions & { learned: Learned }, emit: Emit, signal: AbortSignal) {
    this.options = options;
    this.emit = emit;
    this.signal = signal;
    this.startedMs = options.clock.nowMs();
  }

  async run(question: Question): Promise<void> {
    this.options.meters.count('httpAnswers');
    const speaking = this.speak();
    // Awaited below; a voice that fails while the text still comes is no unhandled rejection.
    speaking.catch(() => undefined);
    try {
      if (question.sayExactly === undefined) await this.read(question);
      else this.append(question.sayExactly);
    } finally {
      // Also after a failure: what the listener has begun to hear goes on to the end of what there is.
      this.cut('', true);
      this.pieces.end();
      await speaking;
    }
  }

  private async read(question: Question): Promise<void> {
    const { clock, meters } = this.options;
    for await (const part of readReply(this.options, question, this.signal)) {
      if (part.type === 'heard') void this.emit({ type: 'userText', text: part.text, final: true });
      else if (part.type === 'usage') void this.emit({ type: 'usage', tokens: part.tokens });
      else {
        if (!this.text) meters.gauge('httpFirstTextMs', clock.nowMs() - this.startedMs);
        this.append(part.text);
      }
    }
  }

  private append(drop: string): void {
    this.text += drop;
    void this.emit({ type: 'modelText', text: this.text.trim() });
    this.cut(drop, false);
  }

  /** What waits to be spoken is bounded by the longest reply (GEMINI_MAX_TOKENS). */
  private cut(drop: string, ended: boolean): void {
    const { pieces, rest } = cutPieces(this.rest + drop, this.pieceCount, ended);
    this.rest = rest;
    this.pieceCount += pieces.length;
    for (const piece of pieces.map(speakable)) if (piece) void this.pieces.push(piece);
  }

  private async speak(): Promise<void> {
    const { clock, meters } = this.options;
    const voice = this.voice();
    await speakInOrder(
      this.pieces,
      (piece) => voice.speak(piece, this.signal),
      (samples) => {
        if (this.soundCount === 0) meters.gauge('httpFirstSoundMs', clock.nowMs() - this.startedMs);
        this.soundCount += 1;
        return this.emit({ type: 'audio', samples });
      },
    );
  }

  private voice(): Voice {
    const { models, ttsModel: model, voiceName, localVoice, clock, log, meters } = this.options;
    const gemini = createGeminiVoice({
      models,
      model,
      voiceName,
      clock,
      onUsage: (usage) => void this.emit({ type: 'usage', tokens: tokenCounts('tts', usage) }),
    });
    return createSteadyVoice(gemini, localVoice, {
      clock,
      onRetry: () => meters.count('httpTtsRetries'),
      onSwitch: (failure: AnswerFailure) => {
        meters.count('httpTtsFallbacks');
        log.warn({ kind: failure.kind, reason: failure.message }, 'the HTTP voice failed; the local voice goes on');
      },
    });
  }
}
