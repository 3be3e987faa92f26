import type { Failure } from '#shared/contract/thinker.ts';

/** Something that went wrong with Gemini, as its adapter saw it. The two adapters translate; what it means is decided here. */
export interface Symptom {
  /** Which of Gemini's interfaces was used. */
  over: 'live' | 'http';
  /** WebSocket close code. */
  code?: number;
  /** Where the upgrade or a call was answered with an error. */
  httpStatus?: number;
  /** Google's own words: a close reason (cut at 123 bytes) or the body of an HTTP error. */
  reason: string;
  /** Where Google said nothing: what our side of the line noticed. */
  sign?: Sign;
}

export type Sign =
  /** No connection, or one that broke. */
  | 'unreachable'
  /** The other side's certificate is not Google's, or not valid at the time our clock shows. */
  | 'untrusted'
  /** An answer came that is none of Gemini's. */
  | 'foreign'
  /** No answer within our time limit. */
  | 'overdue'
  /** It went wrong before it left this program. */
  | 'ourFault';

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

/** What the session does about it. A call over HTTP knows two cases only: `giveUp`, and all others, which may be tried again. */
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

type Verdict = readonly [kind: FailureKind, remedy: Remedy, message: string];

interface Rule extends Partial<Pick<Symptom, 'over' | 'code' | 'httpStatus' | 'sign'>> {
  /** Matched against the reason, which may be cut short. */
  reason?: RegExp;
  verdict: Verdict;
}

const KEY: Verdict = [
  'auth',
  'giveUp',
  'Google refuses the API key: put a valid one into GEMINI_API_KEY (environment or .env) and restart the thinker',
];
const KEY_RIGHTS: Verdict = [
  'auth',
  'giveUp',
  'the API key may not do this: allow it the Gemini API, or put another one into GEMINI_API_KEY and restart the thinker',
];
const COUNTRY: Verdict = [
  'auth',
  'giveUp',
  'Google does not serve Gemini in this country with this key: use one with billing, or another network',
];
const LIVE_MODEL: Verdict = [
  'model',
  'giveUp',
  'this model is not offered for Live: set GEMINI_LIVE_MODEL to one that is',
];
const HTTP_MODEL: Verdict = [
  'model',
  'giveUp',
  'Google knows no such model: set GEMINI_HTTP_MODEL and GEMINI_TTS_MODEL to ones that are offered',
];
const QUOTA: Verdict = [
  'quota',
  'backOff',
  'the Gemini quota is used up: wait, or raise it (plan and billing of the key in GEMINI_API_KEY), or close other sessions of this key',
];
const DAY_QUOTA: Verdict = [
  'quota',
  'giveUp',
  'the Gemini quota of this day is used up: wait until tomorrow or raise it (plan and billing)',
];
const SPEND_CAP: Verdict = [
  'quota',
  'giveUp',
  'the monthly Gemini budget is used up: raise the spending cap of the project, or wait for the next month',
];
const BUG: Verdict = [
  'bug',
  'giveUp',
  'Gemini refuses what this program sent, which is a fault of the program: please report the log line',
];
const FORGOTTEN: Verdict = [
  'resume',
  'startFresh',
  'Gemini has forgotten the session; starting a new one with what was said',
];
const REFUSED_CONTEXT: Verdict = [
  'context',
  'startFresh',
  'Gemini refuses the conversation so far; starting a new one',
];
const ROTATE: Verdict = ['rotate', 'resume', 'Gemini ended the connection as announced; resuming'];
const FEATURE: Verdict = ['feature', 'dropTools', 'Gemini refuses a feature of this session; going on without tools'];
const ENDED: Verdict = ['transient', 'resume', 'Gemini ended the connection; resuming'];
const INTERNAL: Verdict = ['transient', 'backOff', 'Gemini has an internal error; trying again'];
const OVERLOADED: Verdict = ['transient', 'backOff', 'Gemini is overloaded; trying again'];
const TOO_LONG: Verdict = ['timeout', 'backOff', 'Gemini took too long; trying again'];
const OVERDUE: Verdict = [
  'timeout',
  'backOff',
  'Gemini does not answer: check the network (or GEMINI_BASE_URL); trying again',
];
const NETWORK: Verdict = [
  'network',
  'backOff',
  'no connection to Gemini: check the network (or GEMINI_BASE_URL); trying again',
];
const CERTIFICATE = "Google's certificate is not valid here: a Wi-Fi log-in page, or a wrong clock";
const LOGIN_PAGE = 'something other than Gemini answered, perhaps a Wi-Fi log-in page';
const OUR_FAULT: Verdict = [
  'bug',
  'giveUp',
  'asking Gemini went wrong inside this program: please report the log line',
];
const UNKNOWN: Verdict = ['transient', 'backOff', 'Gemini ended the connection; trying again'];

/** `QuotaFailure.quotaId` of Google's error JSON, which may stand escaped within another one. */
const PER_DAY = /quotaId\\?"\s*:\s*\\?"[^"]*PerDay/;
const RETRY_DELAY = /retryDelay\\?"\s*:\s*\\?"(\d+(?:\.\d+)?)s/;

/**
 * First match wins. The texts are Google's (ai.google.dev/gemini-api/docs/troubleshooting, and recorded closes); only this
 * file decides by them.
 */
const RULES: readonly Rule[] = [
  { code: 1007, reason: /API key not valid/i, verdict: KEY },
  { code: 1008, reason: /unregistered callers/i, verdict: KEY },
  { code: 1008, reason: /is not found for API version|not supported for bidi/i, verdict: LIVE_MODEL },
  { code: 1008, reason: /session not found/i, verdict: FORGOTTEN },
  { code: 1008, reason: /GoAway/i, verdict: ROTATE },
  { code: 1008, reason: /not implemented, or supported|not enabled/i, verdict: FEATURE },
  { code: 1007, reason: /Invalid JSON payload|Unknown name/i, verdict: BUG },
  { code: 1007, reason: /invalid argument/i, verdict: REFUSED_CONTEXT },
  { code: 1007, reason: /activity control is not supported/i, verdict: BUG },
  // Our own doing, too, but a thing of one moment: the next connection is free of it.
  { code: 1007, reason: /Precondition check failed/i, verdict: ['bug', 'backOff', BUG[2]] },
  { code: 1007, reason: /media_chunks/i, verdict: BUG },
  { code: 1011, reason: /spending cap/i, verdict: SPEND_CAP },
  { code: 1011, reason: /quota|billing details/i, verdict: QUOTA },
  { code: 1011, verdict: INTERNAL },
  { code: 1000, verdict: ENDED },

  // A missing or leaked key comes without a machine-readable reason at times; the text is all there is.
  { httpStatus: 400, reason: /API_KEY_INVALID|API key/i, verdict: KEY },
  { httpStatus: 400, reason: /location is not supported/i, verdict: COUNTRY },
  { httpStatus: 400, verdict: BUG },
  { httpStatus: 401, verdict: KEY },
  { httpStatus: 403, reason: /unregistered callers/i, verdict: KEY },
  { httpStatus: 403, verdict: KEY_RIGHTS },
  { over: 'live', httpStatus: 404, verdict: LIVE_MODEL },
  { over: 'http', httpStatus: 404, verdict: HTTP_MODEL },
  { httpStatus: 429, reason: PER_DAY, verdict: DAY_QUOTA },
  { httpStatus: 429, reason: /spending cap/i, verdict: SPEND_CAP },
  { httpStatus: 429, verdict: QUOTA },
  { httpStatus: 408, verdict: TOO_LONG },
  { httpStatus: 499, verdict: TOO_LONG },
  { httpStatus: 503, verdict: OVERLOADED },
  { httpStatus: 504, verdict: TOO_LONG },

  { sign: 'unreachable', verdict: NETWORK },
  // A log-in page is passed some time, so that a session goes on trying; whoever waits for an answer is not kept.
  { over: 'live', sign: 'untrusted', verdict: ['network', 'backOff', CERTIFICATE] },
  { over: 'http', sign: 'untrusted', verdict: ['network', 'giveUp', CERTIFICATE] },
  { over: 'live', sign: 'foreign', verdict: ['network', 'backOff', LOGIN_PAGE] },
  { over: 'http', sign: 'foreign', verdict: ['network', 'giveUp', LOGIN_PAGE] },
  { sign: 'overdue', verdict: OVERDUE },
  { sign: 'ourFault', verdict: OUR_FAULT },
];

/** What a symptom means and what to do about it. `message` is for people; the reason itself belongs in the log. */
export function classifyFailure(symptom: Symptom): ClassifiedFailure {
  const rule = RULES.find((candidate) => matches(candidate, symptom));
  const [kind, remedy, message] = rule?.verdict ?? otherwise(symptom);
  const retryable = remedy !== 'giveUp';
  const retryAfterMs = kind === 'quota' && retryable ? retryDelayMs(symptom.reason) : undefined;
  return { kind, remedy, message, retryable, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function matches({ verdict: _verdict, reason, ...fields }: Rule, symptom: Symptom): boolean {
  const fits = Object.entries(fields).every(([name, value]) => symptom[name as keyof Symptom] === value);
  return fits && (reason?.test(symptom.reason) ?? true);
}

/** What no rule knows: a new close code, or a status by its hundred. */
function otherwise({ httpStatus }: Symptom): Verdict {
  if (httpStatus === undefined) return UNKNOWN;
  return httpStatus >= 500 ? INTERNAL : BUG;
}

/** protobuf's Duration in JSON, in milliseconds. */
function retryDelayMs(body: string): number | undefined {
  const seconds = Number(RETRY_DELAY.exec(body)?.[1]);
  return seconds > 0 ? Math.ceil(seconds * 1000) : undefined;
}
