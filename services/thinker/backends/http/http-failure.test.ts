import { ApiError } from '@google/genai';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerFailure } from '../answer-failure.ts';
import { httpFailure, refusesThinking } from './http-failure.ts';

function apiError(status: number, message: string, details: unknown[] = []): ApiError {
  return new ApiError({ status, message: JSON.stringify({ error: { code: status, message, details } }) });
}

function fetchFailed(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

/** How each thing the SDK or fetch can throw is translated; what it means then is the table of failure.test.ts. */
describe('what a call over HTTP throws', () => {
  it.each([
    ['a status with its body', apiError(400, 'x', [{ reason: 'API_KEY_INVALID' }]), 'auth', false],
    ['a status alone', new ApiError({ status: 502, message: '<html>Bad Gateway' }), 'transient', true],
    [
      'a status within the stream',
      new ApiError({ status: 503, message: 'got status: UNAVAILABLE. {"error":{"code":503,"message":"overloaded"}}' }),
      'transient',
      true,
    ],
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
    expect(httpFailure(thrown)).toMatchObject({ kind, retryable, cause: thrown });
  });

  it('says how long the server asks to wait', () => {
    expect(httpFailure(apiError(429, 'quota', [{ retryDelay: '34.07s' }])).retryAfterMs).toBe(34_070);
  });

  it('leaves what was already told apart as it is', () => {
    const failure = new AnswerFailure('timeout', 'late');
    expect(httpFailure(failure)).toBe(failure);
  });

  it('makes a failure out of anything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything(), fc.integer(), fc.string(), (thrown, status, message) => {
        expect(httpFailure(thrown)).toBeInstanceOf(AnswerFailure);
        expect(httpFailure(new ApiError({ status, message }))).toBeInstanceOf(AnswerFailure);
      }),
    );
  });
});

it('a refusal of the thinking level is told from other refusals', () => {
  expect(refusesThinking(apiError(400, 'Thinking level is not supported for this model.'))).toBe(true);
  expect(refusesThinking(apiError(400, 'Invalid JSON payload received.'))).toBe(false);
  expect(refusesThinking(apiError(503, 'thinking'))).toBe(false);
  expect(refusesThinking(new Error('thinking'))).toBe(false);
});
