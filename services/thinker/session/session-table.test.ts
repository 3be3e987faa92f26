import { describe, expect, it } from 'vitest';
import { classifyFailure } from '../failure.ts';
import { nextSession } from './session.ts';
import { initialSession, type Phase, SESSION_POLICY, type SessionEvent } from './session-state.ts';

const AT_MS = 1_000_000;
const LATER_MS = AT_MS + 700_000;
const LOST = classifyFailure({ over: 'live', sign: 'unreachable', reason: '' });
const FATAL = classifyFailure({ over: 'live', httpStatus: 401, reason: '' });

const open = { connection: 1, sinceMs: AT_MS - 20_000, seeded: true, withTools: true, resumed: false, answered: false };
const dues = { rotateAfterMs: LATER_MS + 1, rotateByMs: LATER_MS + 1, pingAtMs: LATER_MS + 1 };
const PHASES: Phase[] = [
  { name: 'idle' },
  { name: 'opening', connection: 1, deadlineMs: AT_MS + 10_000, seeded: true, withTools: true },
  { name: 'open', ...open, ...dues },
  { name: 'closing', connection: 1, deadlineMs: AT_MS + 2_000, aftermath: 'reopen' },
  { name: 'backoff', untilMs: AT_MS + 60_000 },
  { name: 'failed' },
];

type Event = SessionEvent extends infer One ? (One extends { atMs: number } ? Omit<One, 'atMs'> : never) : never;
type Names = [string, string, string, string, string, string];

/** Every event, and the phase it leads to from idle, opening, open, closing, backoff and failed. */
const SAME: Names = ['idle', 'opening', 'open', 'closing', 'backoff', 'failed'];
const TABLE: [string, Event, Names][] = [
  ['wanted', { type: 'wanted' }, ['opening', 'opening', 'open', 'closing', 'opening', 'failed']],
  ['switched off', { type: 'enabled', enabled: false }, ['idle', 'closing', 'closing', 'closing', 'idle', 'idle']],
  ['progressed', { type: 'progressed', connection: 1 }, SAME],
  ['switched on', { type: 'enabled', enabled: true }, SAME],
  ['tools changed', { type: 'toolsChanged' }, ['idle', 'opening', 'closing', 'closing', 'backoff', 'failed']],
  ['busy', { type: 'busyChanged', busy: true }, SAME],
  ['busy no more', { type: 'busyChanged', busy: false }, SAME],
  ['opened', { type: 'opened', connection: 1 }, ['idle', 'open', 'open', 'closing', 'backoff', 'failed']],
  [
    'closed',
    { type: 'closed', connection: 1, failure: LOST, jitter: 0.5 },
    ['idle', 'backoff', 'opening', 'opening', 'backoff', 'failed'],
  ],
  [
    'closed for good',
    { type: 'closed', connection: 1, failure: FATAL, jitter: 0.5 },
    ['idle', 'failed', 'failed', 'opening', 'backoff', 'failed'],
  ],
  ['closed, of the past', { type: 'closed', connection: 0, failure: LOST, jitter: 0.5 }, SAME],
  ['heard', { type: 'heard', connection: 1 }, SAME],
  ['answered', { type: 'answered', connection: 1 }, SAME],
  [
    'going away now',
    { type: 'goingAway', connection: 1, timeLeftMs: 0 },
    ['idle', 'opening', 'closing', 'closing', 'backoff', 'failed'],
  ],
  ['a handle', { type: 'handleUpdated', connection: 1, handle: 'h' }, SAME],
  ['given up on', { type: 'gaveUpOn', connection: 1 }, ['idle', 'opening', 'closing', 'closing', 'backoff', 'failed']],
  ['time', { type: 'timePassed', jitter: 0.5 }, ['idle', 'closing', 'closing', 'opening', 'opening', 'failed']],
];

/** A session that was switched off goes through `idle` and `closing`, which then ends in `idle`; the other phases cannot be, and are left alone. */
const SWITCHED_ON: Names = ['opening', 'opening', 'open', 'closing', 'opening', 'failed'];

describe('the phases of a session', () => {
  const rows = TABLE.flatMap(([name, event, after]) =>
    PHASES.map((before, index) => [before.name, name, after[index], before, event] as const),
  );

  it.each(rows)('%s, %s: %s', (_before, _name, after, phase, event) => {
    const state = { ...initialSession(AT_MS, { enabled: true }), phase, nextConnection: 2 };
    const atMs = event.type === 'timePassed' ? LATER_MS : AT_MS + 1_500;
    const step = nextSession(state, { ...event, atMs } as SessionEvent, SESSION_POLICY);
    expect(step.state.phase.name).toBe(after);
    expect(step.state).toMatchObject(event.type === 'busyChanged' ? { busy: event.busy } : {});
    // Another connection is only ever opened from a phase that has none, or at its end.
    const opens = step.effects.filter(({ type }) => type === 'open').length;
    expect(opens).toBe(after === 'opening' && phase.name !== 'opening' ? 1 : 0);
  });

  it.each(PHASES.map((phase, index) => [phase.name, SWITCHED_ON[index], phase] as const))(
    '%s while switched off, switched on: %s',
    (_before, after, phase) => {
      const state = { ...initialSession(AT_MS, { enabled: false }), phase, nextConnection: 2 };
      const step = nextSession(state, { type: 'enabled', enabled: true, atMs: AT_MS + 1_500 }, SESSION_POLICY);
      expect(step.state).toMatchObject({ enabled: true, phase: { name: after } });
    },
  );

  it.each(PHASES.map((phase) => [phase.name, phase] as const))('%s within a turn: new tools wait', (name, phase) => {
    const state = { ...initialSession(AT_MS, { enabled: true }), phase, busy: true };
    const step = nextSession(state, { type: 'toolsChanged', atMs: AT_MS + 1_500 }, SESSION_POLICY);
    expect(step.state).toMatchObject({ toolsOutdated: true, toolsAllowed: true, phase: { name } });
    expect(step.effects).toEqual([]);
  });

  it('opening gets its whole time again for each step', () => {
    const [, opening] = PHASES;
    const state = { ...initialSession(AT_MS, { enabled: true }), ...(opening && { phase: opening }) };
    const step = nextSession(state, { type: 'progressed', connection: 1, atMs: AT_MS + 8_000 }, SESSION_POLICY);
    const late = nextSession(step.state, { type: 'timePassed', jitter: 0, atMs: AT_MS + 17_999 }, SESSION_POLICY);
    expect(late.state.phase.name).toBe('opening');
    const dead = nextSession(late.state, { type: 'timePassed', jitter: 0, atMs: AT_MS + 18_000 }, SESSION_POLICY);
    expect(dead.state.phase).toMatchObject({ name: 'closing', aftermath: 'backoff' });
  });
});
