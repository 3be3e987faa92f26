import type { Failure } from '#shared/contract/thinker.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { AnswerBackend, Question } from './backends/answer-backend.ts';
import { AnswerFailure } from './backends/answer-failure.ts';
import type { BackendReport } from './conversation/conversation-state.ts';
import type { Backend } from './conversation/turn.ts';
import { type Question as OwnQuestion, wholeOf } from './uplink/question.ts';

/** What becomes of an answer; `samples` come with audio. */
export type ReportAnswer = (turn: number, report: BackendReport, samples?: Int16Array) => void;

/** Lets the backends below `live` answer, one question at a time, and reports what they deliver. */
export class Answers {
  private readonly backends: readonly AnswerBackend[];
  private readonly report: ReportAnswer;
  private readonly log: Log;
  private readonly running = new Map<number, AbortController>();

  constructor(backends: readonly AnswerBackend[], log: Log, report: ReportAnswer) {
    this.backends = backends;
    this.log = log;
    this.report = report;
  }

  get levels(): Backend[] {
    return this.backends.map(({ level }) => level);
  }

  /** Its reports end with `finished` or `failed`, unless it is cancelled. */
  begin(turn: number, level: Backend, question: Question | undefined): void {
    this.cancel(turn);
    const backend = this.backends.find((candidate) => candidate.level === level);
    if (!backend || !question) {
      this.report(turn, { type: 'failed', failure: missing(level) });
      return;
    }
    const abort = new AbortController();
    this.running.set(turn, abort);
    void this.run(turn, backend, question, abort);
  }

  cancel(turn: number): void {
    this.running.get(turn)?.abort();
    this.running.delete(turn);
  }

  stop(): void {
    for (const turn of [...this.running.keys()]) this.cancel(turn);
  }

  private async run(turn: number, backend: AnswerBackend, question: Question, abort: AbortController): Promise<void> {
    let last: BackendReport = { type: 'finished' };
    try {
      for await (const part of backend.answer(question, abort.signal)) {
        if (abort.signal.aborted) return;
        switch (part.type) {
          case 'audio':
            this.report(turn, { type: 'audio', samples: part.samples.length }, part.samples);
            break;
          case 'usage':
            this.report(turn, { type: 'usage', usage: part.tokens });
            break;
          default:
            this.report(turn, { type: part.type, text: part.text });
        }
      }
    } catch (error) {
      this.log.warn({ turn, backend: backend.level, err: error }, 'a backend could not answer');
      last = { type: 'failed', failure: failureOf(error) };
    }
    if (abort.signal.aborted) return;
    this.running.delete(turn);
    this.report(turn, last);
  }
}

/** All a backend below `live` needs to answer on its own. @param frame what the camera shows now. */
export function backendQuestion(
  question: OwnQuestion,
  frame: Uint8Array | undefined,
  history: Question['history'],
): Question {
  const cannotSee = frame === undefined;
  if (question.kind === 'speech') return { audio: wholeOf(question), frame, cannotSee, history };
  if (question.exactly) return { sayExactly: question.text, history };
  return question.withFrame ? { text: question.text, frame, cannotSee, history } : { text: question.text, history };
}

function failureOf(error: unknown): Failure {
  if (error instanceof AnswerFailure) return { kind: error.kind, message: error.message, retryable: error.retryable };
  return { kind: 'bug', message: messageOf(error), retryable: false };
}

function missing(level: Backend): Failure {
  return { kind: 'unavailable', message: `this device has no backend for level ${level}`, retryable: false };
}
