import { ApiError } from '@google/genai';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerFailure } from './answer-failure.ts';
import { classifyHttpFailure, refusesThinking } from './http-errors.ts';

function apiError(status: number, message: string, details: unknown[] = []): ApiError {
  return new ApiError({ status, message: JSON.stringify({ error: { code: status, message, details } }) });
}

function quota(quotaId: string, retryDelay?: string): unknown[] {
  return [
    { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] },
    ...(retryDelay ? [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }] : []),
  ];
}

function fetchFailed(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

describe('what Google answers', () => {
  it.each([
    ['an invalid key', apiError(400, 'API key not valid.', [{ reason: 'API_KEY_INVALID' }]), 'auth', false],
    ['a key refused without a reason', apiError(400, 'API Key not found. Please pass a valid API key.'), 'auth', false],
    ['no right to the API', apiError(403, 'Permission denied'), 'auth', false],
    ['a country without Gemini', apiError(400, 'User location is not supported for the API use.'), 'auth', false],
    ['an unknown model', apiError(404, 'models/x is not found for API version v1beta'), 'model', false],
    ['a day without quota', apiError(429, 'quota', quota('GenerateRequestsPerDayPerProject', '7s')), 'quota', false],
    ['a spent budget', apiError(429, 'Your project has exceeded its monthly spending cap.'), 'quota', false],
    ['a minute without quota', apiError(429, 'quota', quota('GenerateRequestsPerMinute', '34.07s')), 'quota', true],
    ['an internal error', apiError(500, 'Internal error encountered.'), 'transient', true],
    ['an overloaded model', apiError(503, 'The model is overloaded.'), 'transient', true],
    ['a deadline', apiError(504, 'Deadline expired'), 'timeout', true],
    ['a request it cannot read', apiError(400, 'Invalid JSON payload received.'), 'bug', false],
    ['an error page', new ApiError({ status: 502, message: '<html>Bad Gateway' }), 'transient', true],
    [
      'an error within the stream',
      new ApiError({ status: 503, message: 'got status: UNAVAILABLE. {"error":{"code":503,"message":"overloaded"}}' }),
      'transient',
      true,
    ],
  ] as const)('%s is told apart', (_what, thrown, kind, retryable) => {
    expect(classifyHttpFailure(thrown)).toMatchObject({ kind, retryable });
  });

  it('says how long to wait where a minute is meant, and does not where a day is', () => {
    expect(classifyHttpFailure(apiError(429, 'quota', quota('PerMinute', '34.07s'))).retryAfterMs).toBe(34_070);
    expect(classifyHttpFailure(apiError(429, 'quota', quota('PerDay', '34s'))).retryAfterMs).toBeUndefined();
  });
});

it('a refusal of the thinking level is told from other refusals', () => {
  expect(refusesThinking(apiError(400, 'Thinking level is not supported for this model.'))).toBe(true);
  expect(refusesThinking(apiError(400, 'Invalid JSON payload received.'))).toBe(false);
  expect(refusesThinking(apiError(503, 'thinking'))).toBe(false);
  expect(refusesThinking(new Error('thinking'))).toBe(false);
});

describe('what never reached Google', () => {
  it.each([
    ['no route', fetchFailed('ENETUNREACH'), 'network', true],
    ['no name service', fetchFailed('EAI_AGAIN'), 'network', true],
    ['a refused connection', fetchFailed('ECONNREFUSED'), 'network', true],
    ['a stream cut by the other side', new TypeError('terminated'), 'network', true],
    ['a stream that stops midway', new Error('Incomplete JSON segment at the end'), 'network', true],
    ['a foreign certificate', fetchFailed('DEPTH_ZERO_SELF_SIGNED_CERT'), 'network', false],
    ['a log-in page', new SyntaxError('Unexpected token < in JSON'), 'network', false],
    ['a time limit', new DOMException('aborted', 'AbortError'), 'timeout', true],
    ['a mistake of ours', new TypeError('undefined is not a function'), 'bug', false],
  ] as const)('%s is told apart', (_what, thrown, kind, retryable) => {
    expect(classifyHttpFailure(thrown)).toMatchObject({ kind, retryable });
  });

  it('leaves what was already told apart as it is', () => {
    const failure = new AnswerFailure('timeout', 'late');
    expect(classifyHttpFailure(failure)).toBe(failure);
  });

  it('makes a failure out of anything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything(), fc.integer(), fc.string(), (thrown, status, message) => {
        expect(classifyHttpFailure(thrown)).toBeInstanceOf(AnswerFailure);
        expect(classifyHttpFailure(new ApiError({ status, message }))).toBeInstanceOf(AnswerFailure);
      }),
    );
  });
});
