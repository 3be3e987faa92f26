import { describe, expect, it } from 'vitest';
import { classifyEnding, type Ending } from './failure.ts';

const cut = (reason: string) => reason.slice(0, 123);

const TABLE: [string, Ending, string, string][] = [
  ['bad key', { code: 1007, reason: 'API key not valid. Please pass a valid API key.' }, 'auth', 'giveUp'],
  [
    'no key',
    {
      code: 1008,
      reason: cut(
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key",
      ),
    },
    'auth',
    'giveUp',
  ],
  [
    'unknown model',
    {
      code: 1008,
      reason: cut(
        'models/nope is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListModels to see',
      ),
    },
    'model',
    'giveUp',
  ],
  [
    'unknown set-up field',
    { code: 1007, reason: `Invalid JSON payload received. Unknown name "enabled" at 'setup'` },
    'bug',
    'giveUp',
  ],
  ['context used up', { code: 1007, reason: 'Request contains an invalid argument.' }, 'context', 'startFresh'],
  [
    'activity control under automatic detection',
    { code: 1007, reason: 'Explicit activity control is not supported when automatic activity detection is enabled.' },
    'bug',
    'giveUp',
  ],
  ['empty activity', { code: 1007, reason: 'Precondition check failed.' }, 'bug', 'backOff'],
  [
    'media_chunks',
    { code: 1007, reason: 'realtime_input.media_chunks is deprecated. Use audio, video, or text instead.' },
    'bug',
    'giveUp',
  ],
  ['bad handle', { code: 1008, reason: 'BidiGenerateContent session not found' }, 'resume', 'startFresh'],
  [
    'goAway ignored',
    {
      code: 1008,
      reason: cut(
        'Connection aborted because the client failed to close the connection after receiving a GoAway signal',
      ),
    },
    'rotate',
    'resume',
  ],
  [
    'quota',
    {
      code: 1011,
      reason: cut(
        'You exceeded your current quota, please check your plan and billing details. For more information on this error',
      ),
    },
    'quota',
    'backOff',
  ],
  ['spend cap', { code: 1011, reason: 'Your project has exceeded its monthly spending cap.' }, 'quota', 'backOff'],
  ['internal', { code: 1011, reason: 'Internal error encountered.' }, 'transient', 'backOff'],
  ['unavailable', { code: 1011, reason: 'The service is currently unavailable.' }, 'transient', 'backOff'],
  ['deadline', { code: 1011, reason: 'Deadline expired before operation could complete.' }, 'transient', 'backOff'],
  ['tools', { code: 1008, reason: 'Operation is not implemented, or supported, or enabled.' }, 'feature', 'dropTools'],
  ['cancelled at ten minutes', { code: 1000, reason: 'The operation was cancelled.' }, 'transient', 'resume'],
  ['socket gone', { code: 1006, reason: '' }, 'network', 'backOff'],
  ['something new', { code: 4999, reason: 'what?' }, 'transient', 'backOff'],
  [
    'HTTP 400 with a bad key',
    { httpStatus: 400, reason: '{"error":{"details":[{"reason":"API_KEY_INVALID"}]}}' },
    'auth',
    'giveUp',
  ],
  ['HTTP 400', { httpStatus: 400, reason: '' }, 'bug', 'giveUp'],
  ['HTTP 401', { httpStatus: 401, reason: '' }, 'auth', 'giveUp'],
  ['HTTP 403', { httpStatus: 403, reason: '' }, 'auth', 'giveUp'],
  ['HTTP 404', { httpStatus: 404, reason: '' }, 'model', 'giveUp'],
  ['HTTP 429', { httpStatus: 429, reason: '' }, 'quota', 'backOff'],
  [
    'HTTP 429 of the day',
    { httpStatus: 429, reason: '{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}' },
    'quota',
    'giveUp',
  ],
  ['HTTP 500', { httpStatus: 500, reason: '' }, 'transient', 'backOff'],
  ['HTTP 503', { httpStatus: 503, reason: '' }, 'transient', 'backOff'],
  ['HTTP 504', { httpStatus: 504, reason: '' }, 'transient', 'backOff'],
];

describe('the classification of endings', () => {
  it.each(TABLE)('%s', (_name, ending, kind, remedy) => {
    const failure = classifyEnding(ending);
    expect([failure.kind, failure.remedy]).toEqual([kind, remedy]);
    expect(failure.retryable).toBe(remedy !== 'giveUp');
    expect(failure.message.length).toBeGreaterThan(20);
  });

  it('honours the delay of a quota by the minute', () => {
    const reason = '{"quotaId":"PerMinutePerProject","@type":"RetryInfo","retryDelay":"34s"}';
    expect(classifyEnding({ httpStatus: 429, reason })).toMatchObject({ retryAfterMs: 34_000, retryable: true });
  });

  it('never repeats what the server said to the user, since it may hold anything', () => {
    expect(classifyEnding({ code: 1011, reason: 'secret 123' }).message).not.toContain('secret');
  });
});
