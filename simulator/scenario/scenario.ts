import * as z from 'zod/mini';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { Cause, ConnectionFault, TurnFault } from './fault.ts';

/** Which of a count a rule applies to; the count begins at 1 when the scenario is loaded. */
export const Which = z.union([
  z.int().check(z.positive()),
  z.enum(['every', 'odd', 'even']),
  z.strictObject({ from: z.int().check(z.positive()), to: z.optional(z.int().check(z.positive())) }),
]);
export type Which = z.infer<typeof Which>;

export function applies(which: Which | undefined, count: number): boolean {
  if (which === undefined || which === 'every') return true;
  if (which === 'odd' || which === 'even') return (count % 2 === 1) === (which === 'odd');
  if (typeof which === 'number') return which === count;
  return count >= which.from && count <= (which.to ?? Number.POSITIVE_INFINITY);
}

const Milliseconds = z.number().check(z.nonnegative());
const Latency = z.strictObject({ medianMs: Milliseconds, p95Ms: Milliseconds });

export const Timing = z.strictObject({
  setup: Latency,
  /** From the end of the question to the first audio of the answer. */
  firstAudio: Latency,
  /** From a start of speech to `interrupted`; no recording of it is known, so this is an assumption. */
  interruption: Latency,
  /** Generation as a multiple of real time. */
  speed: z.number().check(z.positive()),
  /** Audio of one message. */
  chunkMs: z.number().check(z.positive()),
  /** Messages that come together. */
  chunksPerBurst: z.int().check(z.positive()),
  /** `turnComplete` waits for this share of the reply's playing time, counted from its first audio. */
  playbackShare: z.number().check(z.nonnegative()),
});
export type Timing = z.infer<typeof Timing>;

/** Latencies as recorded from the real server; bursts as in its recorded traffic. */
export const RECORDED_TIMING = {
  setup: { medianMs: 132, p95Ms: 170 },
  firstAudio: { medianMs: 260, p95Ms: 420 },
  interruption: { medianMs: 60, p95Ms: 120 },
  speed: 4,
  chunkMs: 200,
  chunksPerBurst: 3,
  playbackShare: 1,
} as const satisfies Timing;

export const Lifetime = z.strictObject({
  /** From `setupComplete`; left out, nothing is announced. */
  goAwayAfterMs: z.optional(Milliseconds),
  endAfterMs: Milliseconds,
  cause: Cause,
});
export type Lifetime = z.infer<typeof Lifetime>;

/** The two recorded endings: announced at 540 s and closed at 590 s, or closed at 58 minutes without a word. */
export const LIFETIMES = {
  'ten-minutes': { goAwayAfterMs: 540_000, endAfterMs: 590_000, cause: 'go-away-ignored' },
  'fifty-eight-minutes': { endAfterMs: 58 * 60_000, cause: 'internal' },
} as const satisfies Record<string, Lifetime>;

export const Reply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: z.string() }),
  /** The counter-coded signal of `shared/audio/coded-signal.ts`, from index 0 or the one given. */
  z.strictObject({
    kind: z.literal('coded'),
    seconds: z.number().check(z.positive(), z.maximum(600)),
    firstIndex: z.optional(z.int().check(z.nonnegative())),
  }),
  z.strictObject({ kind: z.literal('tone'), seconds: z.number().check(z.positive(), z.maximum(600)) }),
]);
export type Reply = z.infer<typeof Reply>;

export const ConnectionRule = z.strictObject({
  connection: z.optional(Which),
  faults: z.array(ConnectionFault),
});
export type ConnectionRule = z.infer<typeof ConnectionRule>;

export const TurnRule = z.strictObject({
  connection: z.optional(Which),
  /** Of its connection. */
  turn: z.optional(Which),
  /** Of all connections since the scenario was loaded. */
  overallTurn: z.optional(Which),
  faults: z.optional(z.array(TurnFault)),
  /** What the user is taken to have said, in place of what a recogniser makes of it. */
  hears: z.optional(z.string()),
  reply: z.optional(Reply),
  callTool: z.optional(z.strictObject({ name: z.string(), args: z.record(z.string(), z.unknown()) })),
});
export type TurnRule = z.infer<typeof TurnRule>;

export const HTTP_ERRORS = [
  'bad-key',
  'unauthenticated',
  'forbidden',
  'unknown-model',
  'quota-per-minute',
  'quota-per-day',
  'internal',
  'unavailable',
  'deadline',
] as const;
export type HttpErrorName = (typeof HTTP_ERRORS)[number];

export const RequestRule = z.strictObject({
  request: z.optional(Which),
  method: z.optional(z.enum(['generate', 'stream', 'speech'])),
  error: z.optional(z.enum(HTTP_ERRORS)),
  /** The request is answered this much later. */
  lateByMs: z.optional(Milliseconds),
  /** The TCP connection breaks: before the answer, or in the middle of it. */
  drop: z.optional(z.enum(['before', 'middle'])),
  /** No answer, and the connection stays open. */
  hang: z.optional(z.boolean()),
  /** What the sound of the request says. */
  hears: z.optional(z.string()),
  /** The whole output, as it stands. */
  text: z.optional(z.string()),
});
export type RequestRule = z.infer<typeof RequestRule>;

/** A script of what goes wrong and when. Everything left out behaves as the real server does on a good day. */
export const Scenario = z.strictObject({
  description: z.optional(z.string()),
  timing: z.optional(z.partial(Timing)),
  lifetime: z.optional(z.union([z.enum(['ten-minutes', 'fifty-eight-minutes', 'unlimited']), Lifetime])),
  /** Keys that are accepted; left out, any. */
  keys: z.optional(z.array(z.string())),
  /** Models served over Live, without `models/`; left out, today's. */
  liveModels: z.optional(z.array(z.string())),
  /** More open sessions than this are refused for the quota; the free tier has about 3. Left out, any number. */
  maxSessions: z.optional(z.int().check(z.positive())),
  connections: z.optional(z.array(ConnectionRule)),
  turns: z.optional(z.array(TurnRule)),
  requests: z.optional(z.array(RequestRule)),
});
export type Scenario = z.infer<typeof Scenario>;

/**
 * A scenario from JSON. @param source the file or endpoint, for the message.
 * Throws ConfigurationError that names every wrong place.
 */
export function parseScenario(json: unknown, source: string): Scenario {
  const parsed = Scenario.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'at the top'}: ${problemOf(issue)}`);
  throw new ConfigurationError(`${source} is no valid scenario (docs/services/simulator.md): ${problems.join('; ')}`);
}

/** zod/mini carries no sentences of its own. */
function problemOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${issue.keys.join(', ')} is not known here`;
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_union':
      return 'is none of the forms it can have';
    default:
      return issue.message;
  }
}
