import { type GenerateContentResponse, type Models, ThinkingLevel } from '@google/genai';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Question } from '../answer-backend.ts';
import { AnswerFailure } from '../answer-failure.ts';
import { speakable } from '../sentences.ts';
import { startDeadline } from './deadline.ts';
import { HEARD_START, type HeardState, readHeardLine } from './heard-line.ts';
import { httpFailure, refusesThinking } from './http-failure.ts';
import { httpQuestion } from './http-question.ts';
import { mayRetry, pause } from './retry.ts';
import { tokenCounts } from './token-counts.ts';

/** Upload of ten seconds of speech and a picture (half a megabyte) on a poor link, and the model's first word. */
const FIRST_WORD_LIMIT_MS = 8_000;
/** Between two drops of text; they come several a second. */
const NEXT_WORD_LIMIT_MS = 5_000;

const REFUSAL = 'Gemini will not answer that.';

export type ReplyPart =
  | { readonly type: 'heard'; readonly text: string }
  /** The next drop of the answer. */
  | { readonly type: 'drop'; readonly text: string }
  | { readonly type: 'usage'; readonly tokens: Readonly<Record<string, number>> };

export interface HttpReplyOptions {
  readonly models: Pick<Models, 'generateContentStream'>;
  readonly model: string;
  readonly instruction: string;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly clock: Clock;
  readonly meters: Meters;
  /** What the model turned out to know; shared by all answers. */
  readonly learned: Learned;
}

export interface Learned {
  /** The model takes a thinking level, until it refuses one. Thinking costs seconds before the first word. */
  thinkingLevel: boolean;
}

/**
 * Gemini's answer as it is being written. Where it fails before the first word and another try can help, it is asked once
 * more. Throws AnswerFailure.
 */
export async function* readReply(
  options: HttpReplyOptions,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<ReplyPart, void, undefined> {
  let begun = false;
  let hear = question.audio !== undefined;
  for (let attempt = 1; ; ) {
    try {
      for await (const part of readOnce(options, question, hear, signal)) {
        if (part.type === 'drop') begun = true;
        // A model that puts everything on the first line has no answer left; asked without the line, it gives one.
        if (part.type === 'heard') hear = false;
        yield part;
      }
      return;
    } catch (error) {
      if (options.learned.thinkingLevel && refusesThinking(error)) {
        options.learned.thinkingLevel = false;
        continue;
      }
      const failure = httpFailure(error);
      if (begun || attempt > 1 || signal.aborted || !mayRetry(failure)) throw failure;
      attempt += 1;
      options.meters.count('httpRetries');
      await pause(options.clock, failure, signal);
    }
  }
}

async function* readOnce(
  { models, model, instruction, temperature, maxTokens, clock, learned }: HttpReplyOptions,
  question: Question,
  hear: boolean,
  signal: AbortSignal,
): AsyncGenerator<ReplyPart, void, undefined> {
  const deadline = startDeadline(clock, signal, FIRST_WORD_LIMIT_MS, 'to begin its answer');
  try {
    const { contents, systemInstruction } = httpQuestion(instruction, question, hear);
    const stream = await models.generateContentStream({
      model,
      contents,
      config: {
        systemInstruction,
        temperature,
        maxOutputTokens: maxTokens,
        ...(learned.thinkingLevel && { thinkingConfig: { thinkingLevel: ThinkingLevel.MINIMAL } }),
        abortSignal: deadline.signal,
      },
    });
    let heard: HeardState = hear ? HEARD_START : 'past';
    let answered = false;
    let chunks = 0;
    let refused = false;
    let usage: GenerateContentResponse['usageMetadata'];

    function* parts(drop: string, ended: boolean): Generator<ReplyPart> {
      const step = readHeardLine(heard, drop, ended);
      heard = step.state;
      if (step.heard) yield { type: 'heard', text: step.heard };
      // Marks without a word are no answer: nobody would hear them.
      if (speakable(step.answer)) answered = true;
      if (step.answer) yield { type: 'drop', text: step.answer };
    }

    for await (const chunk of stream) {
      deadline.extend(NEXT_WORD_LIMIT_MS);
      chunks += 1;
      usage = chunk.usageMetadata ?? usage;
      refused ||= chunk.promptFeedback?.blockReason !== undefined || isRefusal(chunk);
      yield* parts(textOf(chunk), false);
    }
    if (chunks === 0)
      throw new AnswerFailure('network', 'something other than Gemini answered, perhaps a Wi-Fi log-in page');
    yield* parts('', true);
    if (usage) yield { type: 'usage', tokens: tokenCounts('http', usage) };
    if (!answered && refused) yield { type: 'drop', text: REFUSAL };
    else if (!answered)
      throw new AnswerFailure('transient', 'Gemini gave an answer without a word', { retryable: true });
  } catch (error) {
    throw deadline.signal.reason instanceof AnswerFailure ? deadline.signal.reason : error;
  } finally {
    deadline.end();
  }
}

/** Not the SDK's `text` getter, which writes a warning to the console where a part is no text. */
function textOf(chunk: GenerateContentResponse): string {
  const parts = chunk.candidates?.[0]?.content?.parts ?? [];
  return parts.map(({ text, thought }) => (thought ? '' : (text ?? ''))).join('');
}

/** Reasons of the API that mean «withheld», and not «finished» or «too long». */
function isRefusal(chunk: GenerateContentResponse): boolean {
  const reason = chunk.candidates?.[0]?.finishReason;
  return ['SAFETY', 'PROHIBITED_CONTENT', 'BLOCKLIST', 'SPII', 'RECITATION'].includes(String(reason));
}
