import type { Failure } from '#shared/contract/thinker.ts';

/** How a connection ended, as far as the other side or the network said. */
export interface Ending {
  /** WebSocket close code. */
  code?: number;
  /** Close reason (Google cuts it at 123 bytes), HTTP error body or socket error. */
  reason: string;
  /** Where the upgrade or an HTTP call was answered with an error. */
  httpStatus?: number;
}

export type FailureKind =
  | 'auth'
  | 'model'
  | 'bug'
  | 'context'
  | 'resume'
  | 'rotate'
  | 'quota'
  | 'feature'
  | 'transient'
  | 'network'
  | 'timeout';

/** What the session does about it. */
export type Remedy =
  /** Waiting does not help: a person must act. */
  | 'giveUp'
  /** Once more without the handle and the seeded history that may have caused it. */
  | 'startFresh'
  /** Once more without tools. */
  | 'dropTools'
  /** A new connection with the handle, at once. */
  | 'resume'
  /** A new connection with the handle, after a growing delay. */
  | 'backOff';

export interface ClassifiedFailure extends Failure {
  kind: FailureKind;
  remedy: Remedy;
  /** What the server asked us to wait before the next try. */
  retryAfterMs?: number;
}

interface Rule {
  code?: number;
  httpStatus?: number;
  /** Matched against the reason, which may be cut short. */
  reason?: RegExp;
  kind: FailureKind;
  remedy: Remedy;
  /** In plain words, for whoever has to do something about it. */
  message: string;
}

const KEY_ADVICE =
  'Google refuses the API key: put a valid one into GEMINI_API_KEY (environment or .env) and restart the thinker';
const QUOTA_ADVICE =
  'the Gemini quota is used up: wait, or raise it (plan and billing of the key in GEMINI_API_KEY), or close other sessions of this key';
const MODEL_ADVICE = 'this model is not offered for Live: set GEMINI_LIVE_MODEL to one that is';
const BUG_ADVICE = 'Gemini refuses what this program sent, which is a fault of the program: please report the log line';

/** First match wins. The texts are Google's; only this file decides by them. */
const RULES: readonly Rule[] = [
  { code: 1007, reason: /API key not valid/i, kind: 'auth', remedy: 'giveUp', message: KEY_ADVICE },
  { code: 1008, reason: /unregistered callers/i, kind: 'auth', remedy: 'giveUp', message: KEY_ADVICE },
  {
    code: 1008,
    reason: /is not found for API version|not supported for bidi/i,
    kind: 'model',
    remedy: 'giveUp',
    message: MODEL_ADVICE,
  },
  {
    code: 1008,
    reason: /session not found/i,
    kind: 'resume',
    remedy: 'startFresh',
    message: 'Gemini has forgotten the session; starting a new one with what was said',
  },
  {
    code: 1008,
    reason: /GoAway/i,
    kind: 'rotate',
    remedy: 'resume',
    message: 'Gemini ended the connection as announced; resuming',
  },
  {
    code: 1008,
    reason: /not implemented, or supported|not enabled/i,
    kind: 'feature',
    remedy: 'dropTools',
    message: 'Gemini refuses a feature of this session; going on without tools',
  },
  { code: 1007, reason: /Invalid JSON payload|Unknown name/i, kind: 'bug', remedy: 'giveUp', message: BUG_ADVICE },
  {
    code: 1007,
    reason: /invalid argument/i,
    kind: 'context',
    remedy: 'startFresh',
    message: 'Gemini refuses the conversation so far; starting a new one',
  },
  { code: 1007, reason: /activity control is not supported/i, kind: 'bug', remedy: 'giveUp', message: BUG_ADVICE },
  { code: 1007, reason: /Precondition check failed/i, kind: 'bug', remedy: 'backOff', message: BUG_ADVICE },
  { code: 1007, reason: /media_chunks/i, kind: 'bug', remedy: 'giveUp', message: BUG_ADVICE },
  {
    code: 1011,
    reason: /quota|billing details|spending cap/i,
    kind: 'quota',
    remedy: 'backOff',
    message: QUOTA_ADVICE,
  },
  { code: 1011, kind: 'transient', remedy: 'backOff', message: 'Gemini has an internal error; trying again' },
  { code: 1000, kind: 'transient', remedy: 'resume', message: 'Gemini ended the connection; resuming' },
  {
    httpStatus: 400,
    reason: /API_KEY_INVALID|API key not valid/i,
    kind: 'auth',
    remedy: 'giveUp',
    message: KEY_ADVICE,
  },
  { httpStatus: 400, kind: 'bug', remedy: 'giveUp', message: BUG_ADVICE },
  { httpStatus: 401, kind: 'auth', remedy: 'giveUp', message: KEY_ADVICE },
  { httpStatus: 403, kind: 'auth', remedy: 'giveUp', message: KEY_ADVICE },
  { httpStatus: 404, kind: 'model', remedy: 'giveUp', message: MODEL_ADVICE },
  { httpStatus: 429, kind: 'quota', remedy: 'backOff', message: QUOTA_ADVICE },
  { httpStatus: 500, kind: 'transient', remedy: 'backOff', message: 'Gemini has an internal error; trying again' },
  { httpStatus: 503, kind: 'transient', remedy: 'backOff', message: 'Gemini is overloaded; trying again' },
  { httpStatus: 504, kind: 'transient', remedy: 'backOff', message: 'Gemini took too long; trying again' },
];

const NETWORK: Omit<Rule, 'code'> = {
  kind: 'network',
  remedy: 'backOff',
  message: 'no connection to Gemini: check the network (or GEMINI_BASE_URL); trying again',
};
const UNKNOWN: Omit<Rule, 'code'> = {
  kind: 'transient',
  remedy: 'backOff',
  message: 'Gemini ended the connection; trying again',
};

/** What an ending means and what to do about it. `message` is for people; the reason itself belongs in the log. */
export function classifyEnding(ending: Ending): ClassifiedFailure {
  const rule = RULES.find((candidate) => matches(candidate, ending)) ?? (isNetwork(ending) ? NETWORK : UNKNOWN);
  const perDay = rule.kind === 'quota' && /PerDay/.test(ending.reason);
  const retryAfterMs = rule.kind === 'quota' ? retryDelayMs(ending.reason) : undefined;
  const remedy = perDay ? 'giveUp' : rule.remedy;
  return {
    kind: rule.kind,
    remedy,
    message: perDay
      ? 'the Gemini quota of this day is used up: wait until tomorrow or raise it (plan and billing)'
      : rule.message,
    retryable: remedy !== 'giveUp',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function matches(rule: Rule, ending: Ending): boolean {
  if (rule.httpStatus !== ending.httpStatus) return false;
  if (rule.code !== undefined && rule.code !== ending.code) return false;
  return rule.reason?.test(ending.reason) ?? true;
}

/** 1006 is ws's own code for a socket that ended without a goodbye. */
function isNetwork({ code, httpStatus }: Ending): boolean {
  return httpStatus === undefined && (code === undefined || code === 1006);
}

/** `RetryInfo.retryDelay` of Google's error JSON. */
function retryDelayMs(body: string): number | undefined {
  const seconds = Number(/"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1]);
  return seconds > 0 ? seconds * 1000 : undefined;
}
