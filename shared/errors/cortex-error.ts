/**
 * An error a person is meant to read: `message` names the setting, topic or file and says what to do.
 * `code` is for programs and never changes; `retryable` says whether waiting can help.
 */
export class CortexError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CortexError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** A setting (or a machine state) that no restart can mend. A process that meets one exits with 1 and is not restarted. */
export class ConfigurationError extends CortexError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('configuration', message, options);
    this.name = 'ConfigurationError';
  }
}

/** The message of anything that was thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
