import { ApiError } from '@google/genai';
import * as z from 'zod/mini';
import { AnswerFailure, type FailureKind } from './answer-failure.ts';

/** What Google's error body says (google.rpc.Status), flattened. */
interface ApiFacts {
  readonly status: number;
  /** Google's own words, lower case. */
  readonly words: string;
  /** Machine-readable reasons, e.g. API_KEY_INVALID. */
  readonly reasons: readonly string[];
  readonly quotaIds: readonly string[];
  readonly retryDelayMs: number | undefined;
}

const ErrorBody = z.object({
  error: z.object({
    message: z.optional(z.string()),
    details: z.optional(
      z.array(
        z.object({
          reason: z.optional(z.string()),
          violations: z.optional(z.array(z.object({ quotaId: z.optional(z.string()) }))),
          retryDelay: z.optional(z.string()),
        }),
      ),
    ),
  }),
});

interface Row {
  readonly when: (facts: ApiFacts) => boolean;
  readonly kind: FailureKind;
  readonly message: string;
  readonly retryable?: true;
}

const BAD_KEY = 'Google does not accept the Gemini key; check GEMINI_API_KEY';

/** First match counts. Statuses and reasons: ai.google.dev/gemini-api/docs/troubleshooting. */
const API_ERRORS: readonly Row[] = [
  { when: ({ reasons }) => reasons.includes('API_KEY_INVALID'), kind: 'auth', message: BAD_KEY },
  // A missing or leaked key comes without a reason at times; the text is all there is.
  { when: ({ status, words }) => status === 400 && words.includes('api key'), kind: 'auth', message: BAD_KEY },
  { when: ({ status }) => status === 401, kind: 'auth', message: BAD_KEY },
  {
    when: ({ status }) => status === 403,
    kind: 'auth',
    message: 'the Gemini key may not do this; check what GEMINI_API_KEY is allowed and that the API is switched on',
  },
  {
    when: ({ status, words }) => status === 400 && words.includes('location is not supported'),
    kind: 'auth',
    message: 'Google does not serve Gemini in this country with this key',
  },
  {
    when: ({ status }) => status === 404,
    kind: 'model',
    message: 'Google knows no such model; check GEMINI_HTTP_MODEL and GEMINI_TTS_MODEL',
  },
  {
    when: ({ status, quotaIds }) => status === 429 && quotaIds.some((id) => id.includes('PerDay')),
    kind: 'quota',
    message: "today's share of Gemini is used up",
  },
  {
    when: ({ status, words }) => status === 429 && words.includes('spending cap'),
    kind: 'quota',
    message: "this month's Gemini budget is used up",
  },
  {
    when: ({ status }) => status === 429,
    kind: 'quota',
    message: 'Gemini was asked too often in a minute',
    retryable: true,
  },
  {
    when: ({ status }) => status === 408 || status === 499 || status === 504,
    kind: 'timeout',
    message: 'Gemini took too long',
    retryable: true,
  },
  {
    when: ({ status }) => status >= 500,
    kind: 'transient',
    message: 'Gemini has a problem of its own',
    retryable: true,
  },
];

/** Causes of a failed fetch that mean somebody else answered in Google's place, or our clock is wrong. */
const CERTIFICATE = /CERT|SIGNED|ALTNAME|UNABLE_TO_VERIFY/;

/** The reason why a call to Gemini over HTTP failed. @param thrown whatever the SDK or fetch threw. */
export function classifyHttpFailure(thrown: unknown): AnswerFailure {
  if (thrown instanceof AnswerFailure) return thrown;
  if (thrown instanceof ApiError) return classifyApiError(thrown);
  const { message, name, cause } = errorFacts(thrown);
  const causeCode = errorFacts(cause).code;
  if (CERTIFICATE.test(causeCode)) {
    return new AnswerFailure(
      'network',
      "Google's certificate is not valid here: a Wi-Fi log-in page, or a wrong clock",
      {
        cause: thrown,
      },
    );
  }
  // undici: «fetch failed» before the answer, «terminated» or a socket error within it; the SDK: a stream that stops midway.
  if (/fetch failed|terminated|incomplete json segment/i.test(message) || causeCode) {
    return new AnswerFailure('network', 'the connection to Gemini failed', { retryable: true, cause: thrown });
  }
  // A log-in page answers 200 with HTML; the SDK finds no JSON in it.
  if (name === 'SyntaxError' || /parsing stream chunk|not valid json/i.test(message)) {
    return new AnswerFailure('network', 'something other than Gemini answered, perhaps a Wi-Fi log-in page', {
      cause: thrown,
    });
  }
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new AnswerFailure('timeout', 'Gemini took too long', { retryable: true, cause: thrown });
  }
  return new AnswerFailure('bug', 'asking Gemini went wrong inside this program', { cause: thrown });
}

/** Whether a model turned the request down because of `thinkingConfig`, which older ones do not know in the form we send. */
export function refusesThinking(thrown: unknown): boolean {
  if (!(thrown instanceof ApiError)) return false;
  const { status, words } = apiFacts(thrown);
  return status === 400 && words.includes('thinking');
}

function classifyApiError(error: ApiError): AnswerFailure {
  const facts = apiFacts(error);
  const row = API_ERRORS.find(({ when }) => when(facts));
  if (!row) return new AnswerFailure('bug', 'Gemini did not understand the request', { cause: error });
  return new AnswerFailure(row.kind, row.message, {
    retryable: row.retryable ?? false,
    retryAfterMs: row.retryable ? facts.retryDelayMs : undefined,
    cause: error,
  });
}

/** The SDK puts the body into the message: as it came, or after «got status: X. » where the error came within a stream. */
function apiFacts({ status, message }: ApiError): ApiFacts {
  const body = ErrorBody.safeParse(parseJson(message.slice(message.indexOf('{'))));
  const { details = [], message: words = message } = body.data?.error ?? {};
  return {
    status,
    words: words.toLowerCase(),
    reasons: details.flatMap(({ reason }) => reason ?? []),
    quotaIds: details.flatMap(({ violations }) => violations?.flatMap(({ quotaId }) => quotaId ?? []) ?? []),
    retryDelayMs: details.map(({ retryDelay }) => durationMs(retryDelay)).find((delay) => delay !== undefined),
  };
}

/** protobuf's Duration in JSON: seconds with a fraction and an «s». */
function durationMs(duration: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)s$/.exec(duration ?? '');
  return match ? Math.ceil(Number(match[1]) * 1000) : undefined;
}

function errorFacts(thrown: unknown): { message: string; name: string; code: string; cause: unknown } {
  if (!(thrown instanceof Error)) return { message: '', name: '', code: '', cause: undefined };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return { message: thrown.message, name: thrown.name, code, cause: thrown.cause };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
