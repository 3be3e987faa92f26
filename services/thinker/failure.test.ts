import { describe, expect, it } from 'vitest';
import { classifyFailure, type FailureKind, type Remedy, type Symptom } from './failure.ts';

const cut = (reason: string) => reason.slice(0, 123);

function closed(code: number, reason: string): Symptom {
  return { over: 'live', code, reason: cut(reason) };
}

/** As Google words an error of an HTTP call, or of the upgrade to a WebSocket. */
function answered(httpStatus: number, message = '', details: unknown[] = [], over: Symptom['over'] = 'http'): Symptom {
  return { over, httpStatus, reason: JSON.stringify({ error: { code: httpStatus, message, details } }) };
}

function noticed(over: Symptom['over'], sign: NonNullable<Symptom['sign']>): Symptom {
  return { over, sign, reason: '' };
}

function quota(quotaId: string, retryDelay?: string): unknown[] {
  return [
    { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] },
    ...(retryDelay ? [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }] : []),
  ];
}

const NO_KEY =
  "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form";
const NO_MODEL =
  'models/nope is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListModels to see';
const QUOTA_TEXT =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error';
const SPEND_CAP = 'Your project has exceeded its monthly spending cap.';
const PER_DAY = quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '7s');
const PER_MINUTE = quota('GenerateRequestsPerMinutePerProjectPerModel', '34.07s');

/** What went wrong, what kind of failure that is, what the session does, and what the user must read in the message. */
const TABLE: [string, Symptom, FailureKind, Remedy, RegExp][] = [
  ['bad key', closed(1007, 'API key not valid. Please pass a valid API key.'), 'auth', 'giveUp', /GEMINI_API_KEY/],
  ['no key', closed(1008, NO_KEY), 'auth', 'giveUp', /GEMINI_API_KEY/],
  ['unknown model', closed(1008, NO_MODEL), 'model', 'giveUp', /GEMINI_LIVE_MODEL/],
  [
    'unknown set-up field',
    closed(1007, `Invalid JSON payload received. Unknown name "enabled" at 'setup'`),
    'bug',
    'giveUp',
    /report/,
  ],
  [
    'audio before the set-up, context used up, bad seeded history',
    closed(1007, 'Request contains an invalid argument.'),
    'context',
    'startFresh',
    /new one/,
  ],
  [
    'activityStart under automatic detection',
    closed(1007, 'Explicit activity control is not supported when automatic activity detection is enabled.'),
    'bug',
    'giveUp',
    /report/,
  ],
  ['empty activity', closed(1007, 'Precondition check failed.'), 'bug', 'backOff', /report/],
  [
    'media_chunks',
    closed(1007, 'realtime_input.media_chunks is deprecated. Use audio, video, or text instead.'),
    'bug',
    'giveUp',
    /report/,
  ],
  ['bad handle', closed(1008, 'BidiGenerateContent session not found'), 'resume', 'startFresh', /new one/],
  [
    'goAway ignored',
    closed(
      1008,
      'Connection aborted because the client failed to close the connection after receiving a GoAway signal',
    ),
    'rotate',
    'resume',
    /resuming/,
  ],
  ['quota, or too many sessions', closed(1011, QUOTA_TEXT), 'quota', 'backOff', /raise it|wait/],
  ['spend cap', closed(1011, SPEND_CAP), 'quota', 'giveUp', /spending cap/],
  ['internal', closed(1011, 'Internal error encountered.'), 'transient', 'backOff', /trying again/],
  ['unavailable', closed(1011, 'The service is currently unavailable.'), 'transient', 'backOff', /trying again/],
  [
    'deadline',
    closed(1011, 'Deadline expired before operation could complete.'),
    'transient',
    'backOff',
    /trying again/,
  ],
  [
    'tools',
    closed(1008, 'Operation is not implemented, or supported, or enabled.'),
    'feature',
    'dropTools',
    /without tools/,
  ],
  ['cancelled at ten minutes', closed(1000, 'The operation was cancelled.'), 'transient', 'resume', /resuming/],
  ['a close nobody has described', closed(4999, 'what?'), 'transient', 'backOff', /trying again/],

  [
    'HTTP 400, invalid key',
    answered(400, 'API key not valid.', [{ reason: 'API_KEY_INVALID' }]),
    'auth',
    'giveUp',
    /GEMINI_API_KEY/,
  ],
  [
    'HTTP 400, key refused without a reason',
    answered(400, 'API Key not found. Please pass a valid API key.'),
    'auth',
    'giveUp',
    /GEMINI_API_KEY/,
  ],
  [
    'HTTP 400, a country without Gemini',
    answered(400, 'User location is not supported for the API use.'),
    'auth',
    'giveUp',
    /country/,
  ],
  ['HTTP 400', answered(400, 'Invalid JSON payload received.'), 'bug', 'giveUp', /report/],
  ['HTTP 401', answered(401), 'auth', 'giveUp', /GEMINI_API_KEY/],
  ['HTTP 403', answered(403, 'Permission denied'), 'auth', 'giveUp', /GEMINI_API_KEY/],
  ['HTTP 403 without a key', answered(403, NO_KEY), 'auth', 'giveUp', /GEMINI_API_KEY/],
  ['HTTP 404', answered(404, NO_MODEL), 'model', 'giveUp', /GEMINI_HTTP_MODEL/],
  ['HTTP 404 on the upgrade', answered(404, '', [], 'live'), 'model', 'giveUp', /GEMINI_LIVE_MODEL/],
  ['HTTP 408', answered(408), 'timeout', 'backOff', /trying again/],
  ['HTTP 429', answered(429), 'quota', 'backOff', /raise it|wait/],
  ['HTTP 429 on the upgrade', answered(429, QUOTA_TEXT, [], 'live'), 'quota', 'backOff', /raise it|wait/],
  ['HTTP 429 of the minute', answered(429, QUOTA_TEXT, PER_MINUTE), 'quota', 'backOff', /raise it|wait/],
  ['HTTP 429 of the day', answered(429, QUOTA_TEXT, PER_DAY), 'quota', 'giveUp', /tomorrow/],
  ['HTTP 429 of the day on the upgrade', answered(429, QUOTA_TEXT, PER_DAY, 'live'), 'quota', 'giveUp', /tomorrow/],
  ['HTTP 429 of day and minute', answered(429, QUOTA_TEXT, [...PER_MINUTE, ...PER_DAY]), 'quota', 'giveUp', /tomorrow/],
  ['HTTP 429, spend cap', answered(429, SPEND_CAP), 'quota', 'giveUp', /spending cap/],
  ['HTTP 500', answered(500), 'transient', 'backOff', /trying again/],
  ['HTTP 502, an error page', { over: 'http', httpStatus: 502, reason: '<html>' }, 'transient', 'backOff', /again/],
  ['HTTP 503', answered(503), 'transient', 'backOff', /overloaded/],
  ['HTTP 504', answered(504), 'timeout', 'backOff', /too long/],
  ['HTTP 504 on the upgrade', answered(504, '', [], 'live'), 'timeout', 'backOff', /too long/],
  ['HTTP 418', answered(418), 'bug', 'giveUp', /report/],

  ['no connection', noticed('live', 'unreachable'), 'network', 'backOff', /check the network/],
  ['no connection for a call', noticed('http', 'unreachable'), 'network', 'backOff', /check the network/],
  ['a foreign certificate, which may pass', noticed('live', 'untrusted'), 'network', 'backOff', /clock/],
  ['a foreign certificate for a call', noticed('http', 'untrusted'), 'network', 'giveUp', /clock/],
  ['a log-in page, which may pass', noticed('live', 'foreign'), 'network', 'backOff', /log-in page/],
  ['a log-in page for a call', noticed('http', 'foreign'), 'network', 'giveUp', /log-in page/],
  ['no answer in time', noticed('live', 'overdue'), 'timeout', 'backOff', /does not answer/],
  ['a mistake of ours', noticed('http', 'ourFault'), 'bug', 'giveUp', /report/],
];

describe('the classification of whatever goes wrong with Gemini', () => {
  it.each(TABLE)('%s', (_name, symptom, kind, remedy, message) => {
    const failure = classifyFailure(symptom);
    expect([failure.kind, failure.remedy]).toEqual([kind, remedy]);
    expect(failure.retryable).toBe(remedy !== 'giveUp');
    expect(failure.message).toMatch(message);
  });

  it('honours the delay of a quota of the minute, also where the error came as text within another', () => {
    const whole = answered(429, QUOTA_TEXT, PER_MINUTE);
    const nested: Symptom = { ...whole, reason: JSON.stringify({ error: { message: whole.reason } }) };
    expect(classifyFailure(whole).retryAfterMs).toBe(34_070);
    expect(classifyFailure(nested).retryAfterMs).toBe(34_070);
  });

  it('does not wait for a quota of the day', () => {
    expect(classifyFailure(answered(429, QUOTA_TEXT, PER_DAY)).retryAfterMs).toBeUndefined();
  });

  it('never repeats what the server said to the user, since it may hold anything', () => {
    expect(classifyFailure(closed(1011, 'secret 123')).message).not.toContain('secret');
  });
});
