import { ApiError } from '@google/genai';
import { classifyFailure, type Sign, type Symptom } from '../../failure.ts';
import { AnswerFailure } from '../answer-failure.ts';

/** The reason why a call to Gemini over HTTP failed. @param thrown whatever the SDK or fetch threw. */
export function httpFailure(thrown: unknown): AnswerFailure {
  if (thrown instanceof AnswerFailure) return thrown;
  const { kind, message, retryable, retryAfterMs } = classifyFailure(httpSymptom(thrown));
  return new AnswerFailure(kind, message, { retryable, retryAfterMs, cause: thrown });
}

/** Whether a model turned the request down because of `thinkingConfig`, which older ones do not know in the form we send. */
export function refusesThinking(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.status === 400 && /thinking/i.test(thrown.message);
}

/** The SDK puts Google's body into the message: as it came, or after «got status: X. » where the error came within a stream. */
function httpSymptom(thrown: unknown): Symptom {
  if (thrown instanceof ApiError) return { over: 'http', httpStatus: thrown.status, reason: thrown.message };
  const { message, name, cause } = errorFacts(thrown);
  return { over: 'http', reason: message, sign: signOf(message, name, errorFacts(cause).code) };
}

/** Causes of a failed fetch that mean somebody else answered in Google's place, or our clock is wrong. */
const CERTIFICATE = /CERT|SIGNED|ALTNAME|UNABLE_TO_VERIFY/;

function signOf(message: string, name: string, causeCode: string): Sign {
  if (CERTIFICATE.test(causeCode)) return 'untrusted';
  // undici: «fetch failed» before the answer, «terminated» or a socket error within it; the SDK: a stream that stops midway.
  if (/fetch failed|terminated|incomplete json segment/i.test(message) || causeCode) return 'unreachable';
  // A log-in page answers 200 with HTML; the SDK finds no JSON in it.
  if (name === 'SyntaxError' || /parsing stream chunk|not valid json/i.test(message)) return 'foreign';
  return name === 'AbortError' || name === 'TimeoutError' ? 'overdue' : 'ourFault';
}

function errorFacts(thrown: unknown): { message: string; name: string; code: string; cause: unknown } {
  if (!(thrown instanceof Error)) return { message: '', name: '', code: '', cause: undefined };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return { message: thrown.message, name: thrown.name, code, cause: thrown.cause };
}
