import type { Clock } from '#shared/time/clock.ts';
import { AnswerFailure } from '../answer-failure.ts';

/** A time limit on something abortable. */
export interface Deadline {
  /** Aborts when the caller does, or when time is up (with an AnswerFailure `timeout` as the reason). */
  readonly signal: AbortSignal;
  /** There was a sign of life: the time starts anew. */
  extend(limitMs: number): void;
  /** To be called when all is over; aborts what is still under way. */
  end(): void;
}

/** @param what is waited for, as the message says it: «Gemini took too long …». */
export function startDeadline(clock: Clock, caller: AbortSignal, limitMs: number, what: string): Deadline {
  const controller = new AbortController();
  const pass = () => controller.abort(caller.reason);
  const expire = () =>
    controller.abort(new AnswerFailure('timeout', `Gemini took too long ${what}`, { retryable: true }));
  if (caller.aborted) pass();
  caller.addEventListener('abort', pass, { once: true });
  let cancel = clock.after(limitMs, expire);
  return {
    signal: controller.signal,
    extend(nextMs) {
      cancel();
      cancel = clock.after(nextMs, expire);
    },
    end() {
      cancel();
      caller.removeEventListener('abort', pass);
      controller.abort();
    },
  };
}
