import { CortexError } from '#shared/errors/cortex-error.ts';
import type { FailureKind } from '../failure.ts';

/** Why a backend could not answer. `message` is in plain words, fit to be shown and spoken. */
export class AnswerFailure extends CortexError {
  readonly kind: FailureKind;
  /** The other side asked for this much patience before another try. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    options: { retryable?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(`answer-${kind}`, message, options);
    this.name = 'AnswerFailure';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}
