import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { AnswerBackend, Question } from '../answer-backend.ts';
import { AnswerFailure } from '../answer-failure.ts';
import { type Emit, streamAnswer } from '../answer-stream.ts';
import { PartQueue } from '../part-queue.ts';
import { cutPieces, speakable } from '../sentences.ts';
import { speakInOrder } from '../speak-in-order.ts';
import type { Voice } from '../voice.ts';
import { type Battery, offlineAnswer } from './offline-answers.ts';
import type { SpeechEngine } from './speech-engine.ts';

/** Loading the recogniser included. Then it is better to say that nothing was understood. */
const RECOGNITION_LIMIT_MS = 8_000;

export interface OfflineBackendOptions {
  readonly engine: Pick<SpeechEngine, 'has' | 'recognise'>;
  readonly voice: Voice;
  readonly readBattery: () => Promise<Battery | undefined>;
  /** Why there is no network answer, in words that can follow «because»; asked anew for each answer. */
  readonly reason: () => string;
  /** Whether the listener has been told that reason already. */
  readonly told: () => boolean;
  /**
   * Whether somebody else acts on the sentence (a spoken command, a request to another layer), so that this backend stays
   * silent. Called just before the `userText` part is delivered. Must settle soon: the user waits.
   */
  readonly claimed: (text: string, signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
  readonly timeZone?: string;
}

/**
 * Answers without a network: local recognition where its model is there, the device's own knowledge, a local voice. Throws
 * AnswerFailure `model` where no voice can speak; the text came before then, and earcons are what is left.
 */
export function createOfflineBackend(options: OfflineBackendOptions): AnswerBackend {
  return {
    level: 'offline',
    answer: (question, signal) => streamAnswer(signal, (emit, abort) => answer(options, question, emit, abort)),
  };
}

async function answer(
  options: OfflineBackendOptions,
  question: Question,
  emit: Emit,
  signal: AbortSignal,
): Promise<void> {
  const { meters, readBattery, reason, told, clock, claimed, timeZone } = options;
  meters.count('offlineAnswers');
  if (question.sayExactly !== undefined) return speak(options, question.sayExactly, emit, signal);
  const text = question.text ?? (await recognise(options, question.audio, signal));
  if (text) {
    // Asked before the words are out, so that no decision about them can be missed.
    const claim = claimed(text, signal);
    void emit({ type: 'userText', text, final: true });
    if (await claim) return;
  }
  const lastReply = question.history.findLast(({ role }) => role === 'model')?.text;
  const battery = await readBattery();
  const known = { battery, lastReply, reason: reason(), told: told() };
  const words = offlineAnswer({ text, nowMs: clock.nowMs(), timeZone, ...known });
  await speak(options, words, emit, signal);
}

/** Empty where nothing was understood, undefined where nothing here can recognise speech. */
async function recognise(
  { engine, clock, log, meters }: OfflineBackendOptions,
  audio: Int16Array | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!audio || !(await engine.has('recogniser'))) return undefined;
  const attempt = new AbortController();
  const stop = () => attempt.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const cancelLimit = clock.after(RECOGNITION_LIMIT_MS, () => attempt.abort(new Error('it took too long')));
  const startedMs = clock.nowMs();
  try {
    const text = await engine.recognise(audio, attempt.signal);
    meters.gauge('offlineRecognitionMs', clock.nowMs() - startedMs);
    return text;
  } catch (error) {
    signal.throwIfAborted();
    meters.count('offlineRecognitionFailures');
    log.warn({ reason: messageOf(error) }, 'offline speech recognition failed');
    return undefined;
  } finally {
    cancelLimit();
    signal.removeEventListener('abort', stop);
  }
}

async function speak({ voice }: OfflineBackendOptions, text: string, emit: Emit, signal: AbortSignal): Promise<void> {
  void emit({ type: 'modelText', text });
  const pieces = new PartQueue<string>();
  for (const piece of cutPieces(text, 0, true).pieces.map(speakable)) if (piece) void pieces.push(piece);
  pieces.end();
  try {
    await speakInOrder(
      pieces,
      (piece) => voice.speak(piece, signal),
      (samples) => emit({ type: 'audio', samples }),
    );
  } catch (error) {
    signal.throwIfAborted();
    throw new AnswerFailure('model', `no voice can speak here: ${messageOf(error)}`, { cause: error });
  }
}
