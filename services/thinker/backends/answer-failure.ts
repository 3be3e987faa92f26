import { CortexError } from '#shared/errors/cortex-error.ts';

/**
 * auth: the key is no good. model: no such model here. quota: used up. transient: the other side has a bad moment.
 * network: the other side was not reached. timeout: it did not answer in time. bug: we asked something wrong.
 */
export type FailureKind = 'auth' | 'model' | 'quota' | 'transient' | 'network' | 'timeout' | 'bug';

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
