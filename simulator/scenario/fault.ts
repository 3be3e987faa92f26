import * as z from 'zod/mini';
import { CLOSE_CAUSES, type CloseCause } from '../live/close-causes.ts';

/** RFC 6455, 7.4: 1004 to 1006 and 1015 are never sent, the ranges in between belong to nobody. */
function canBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}

/** Names of the close causes, or any code and text. */
export const Cause = z.union([
  z.enum(Object.keys(CLOSE_CAUSES) as [CloseCause, ...CloseCause[]]),
  z.strictObject({
    code: z.int().check(z.refine(canBeSent, 'is no code that a close frame can carry')),
    reason: z.string(),
  }),
]);
export type Cause = z.infer<typeof Cause>;

const Milliseconds = z.number().check(z.nonnegative());
const Share = z.number().check(z.minimum(0), z.maximum(1));
const Positive = z.number().check(z.positive());

/** What can go wrong with a connection as a whole. */
export const ConnectionFault = z.discriminatedUnion('fault', [
  /** HTTP answer to the upgrade in place of 101. */
  z.strictObject({ fault: z.literal('refuse-upgrade'), status: z.int().check(z.minimum(400), z.maximum(599)) }),
  /** The TCP connection is reset at the upgrade. */
  z.strictObject({ fault: z.literal('reset-connection') }),
  /** The upgrade is never answered. */
  z.strictObject({ fault: z.literal('hang-upgrade') }),
  z.strictObject({ fault: z.literal('close-on-open'), cause: Cause }),
  z.strictObject({ fault: z.literal('close-on-setup'), cause: Cause }),
  z.strictObject({ fault: z.literal('drop-on-setup') }),
  z.strictObject({ fault: z.literal('no-setup-complete') }),
  z.strictObject({ fault: z.literal('late-setup-complete'), byMs: Milliseconds }),
  /** A setup that names a handle is closed on, whatever the handle. */
  z.strictObject({ fault: z.literal('refuse-resume'), cause: Cause }),
  /** Times count from `setupComplete`. */
  z.strictObject({ fault: z.literal('close-after'), afterMs: Milliseconds, cause: Cause }),
  z.strictObject({ fault: z.literal('drop-after'), afterMs: Milliseconds }),
  /** Half-open TCP: nothing is read, sent or answered any more, and the socket stays. */
  z.strictObject({ fault: z.literal('stall-after'), afterMs: Milliseconds }),
  z.strictObject({
    fault: z.literal('go-away'),
    afterMs: Milliseconds,
    timeLeftMs: Milliseconds,
    /** Nothing is said any more after the announcement. */
    silent: z.optional(z.boolean()),
    /** How it ends when the time is up; `never` keeps the connection. */
    end: z.optional(z.union([Cause, z.literal('never')])),
  }),
  z.strictObject({ fault: z.literal('late-pongs'), byMs: Milliseconds }),
  /** Input goes nowhere: no transcript, no answer. */
  z.strictObject({ fault: z.literal('deaf'), when: z.enum(['always', 'resumed']) }),
  z.strictObject({ fault: z.literal('refuse-tool-history') }),
  z.strictObject({ fault: z.literal('refuse-history') }),
  z.strictObject({ fault: z.literal('refuse-audio-during-tool-call') }),
  /** Usage counts the whole session instead of the turn. */
  z.strictObject({ fault: z.literal('cumulative-usage') }),
  /** Audio, transcript and completion in one message, or one message each; without this the model's own habit. */
  z.strictObject({ fault: z.literal('bundling'), bundled: z.boolean() }),
  z.strictObject({ fault: z.literal('stray-empty-content'), everyMs: Positive }),
  /** `interrupted` out of the blue, with no generation running. */
  z.strictObject({ fault: z.literal('stray-interrupted'), afterMs: Milliseconds }),
  /** A frame that is no JSON. */
  z.strictObject({ fault: z.literal('garbage'), afterMs: Milliseconds }),
  /** Resumption updates never carry a handle. */
  z.strictObject({ fault: z.literal('no-handles') }),
  /** An activity that starts within 500 ms of the last one's end is not noticed. */
  z.strictObject({ fault: z.literal('miss-hasty-activity') }),
]);
export type ConnectionFault = z.infer<typeof ConnectionFault>;

/** Where in a turn something happens. */
export const TurnPoint = z.enum([
  'question-start',
  'question-end',
  'first-audio',
  'mid-audio',
  'generation-complete',
  'turn-complete',
]);
export type TurnPoint = z.infer<typeof TurnPoint>;

/** What can go wrong with one turn. */
export const TurnFault = z.discriminatedUnion('fault', [
  /** No answer and no `turnComplete`; the user's transcript comes where `heard` says so. */
  z.strictObject({ fault: z.literal('silent'), heard: z.optional(z.boolean()) }),
  /** `turnComplete` with nothing before it. */
  z.strictObject({
    fault: z.literal('empty-turn-complete'),
    turnCompleteReason: z.optional(z.string()),
    waitingForInput: z.optional(z.literal(true)),
  }),
  /** After this share of the reply a `turnComplete` that says IN_PROGRESS; the reply goes on and ends as usual. */
  z.strictObject({ fault: z.literal('split-turn'), share: Share }),
  /** `turnComplete` after this share of the reply; the rest is lost or comes afterwards. */
  z.strictObject({
    fault: z.literal('premature-turn-complete'),
    share: Share,
    rest: z.enum(['lost', 'late']),
  }),
  z.strictObject({ fault: z.literal('late'), byMs: Milliseconds }),
  z.strictObject({ fault: z.literal('doubled-transcript') }),
  z.strictObject({ fault: z.literal('user-transcript-after-reply'), byMs: z.optional(Milliseconds) }),
  /** The reply's text stops after its first piece while the audio goes on. */
  z.strictObject({ fault: z.literal('stalled-transcript') }),
  /** Generation at this multiple of real time: 0.5 sends a second of speech in two. */
  z.strictObject({ fault: z.literal('speed'), timesRealTime: Positive }),
  z.strictObject({ fault: z.literal('stray-empty-content') }),
  /** `interrupted` nobody asked for. `ends`: the reply stops there, with `turnComplete`; otherwise it goes on. */
  z.strictObject({ fault: z.literal('phantom-interrupted'), at: TurnPoint, ends: z.boolean() }),
  /** An interruption is answered with `interrupted` alone, and nothing is said in the next turn. */
  z.strictObject({ fault: z.literal('silence-after-interrupted') }),
  /** Last audio, last words, generationComplete, turnComplete and usage share one message. */
  z.strictObject({ fault: z.literal('all-in-one') }),
  z.strictObject({ fault: z.literal('no-generation-complete') }),
  z.strictObject({ fault: z.literal('no-turn-complete') }),
  /** `afterMs` counts from the point. */
  z.strictObject({ fault: z.literal('close'), at: TurnPoint, afterMs: z.optional(Milliseconds), cause: Cause }),
  z.strictObject({ fault: z.literal('drop'), at: TurnPoint, afterMs: z.optional(Milliseconds) }),
  z.strictObject({ fault: z.literal('stall'), at: TurnPoint, afterMs: z.optional(Milliseconds) }),
]);
export type TurnFault = z.infer<typeof TurnFault>;
