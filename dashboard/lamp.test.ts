import { describe, expect, it } from 'vitest';
import type { Fallback } from '#shared/contract/control.ts';
import type { Session, Turn } from '#shared/contract/thinker.ts';
import { lampOf } from './lamp.ts';
import { type DashboardState, INITIAL_STATE, next } from './state.ts';

const KEY = { kind: 'auth', message: 'put a valid key into GEMINI_API_KEY', retryable: false };
const NETWORK = { kind: 'network', message: 'check the network; trying again', retryable: true };

function session(state: Session['state'], error?: Session['error'], attempt = 0): Session {
  return { state, model: 'm', attempt, ...(error && { error }), resumable: false, simulated: false, since: 0 };
}

function fallback(level: Fallback['level'], reason = ''): Fallback {
  return { level, reason, since: 0 };
}

/** The page's state after what came over the bus. */
function shown(events: { session?: Session; fallback?: Fallback; turn?: Turn }): DashboardState {
  let state = next(INITIAL_STATE, { kind: 'linkChanged', link: 'open', atMs: 0 });
  const came = { levels: {}, atMs: 0 };
  if (events.session) state = next(state, { kind: 'session', payload: events.session, ...came });
  if (events.fallback) state = next(state, { kind: 'fallback', payload: events.fallback, ...came });
  if (events.turn) state = next(state, { kind: 'turn', payload: events.turn, ...came });
  return state;
}

describe('the lamp', () => {
  it.each([
    ['a refused key, offline', session('failed', KEY), fallback('offline', 'my access key is not accepted'), 'Offline'],
    [
      'a model that is not offered, over HTTP',
      session('failed', KEY),
      fallback('http', 'no model'),
      'Answers over HTTP',
    ],
    ['a refused key before the router has decided', session('failed', KEY), undefined, 'Failed'],
  ])('says what to do about %s', (_what, report, level, label) => {
    expect(lampOf(shown({ session: report, ...(level && { fallback: level }) }), 1_000)).toEqual({
      colour: 'red',
      label,
      detail: KEY.message,
      flashing: false,
    });
  });

  it.each([
    [session('backoff', NETWORK, 3), fallback('live'), 'amber', 'Trying again (attempt 3)', NETWORK.message],
    [session('backoff', NETWORK, 5), fallback('http', 'no network'), 'amber', 'Answers over HTTP', 'no network'],
    [session('connected'), fallback('offline', 'HTTP is gone'), 'amber', 'Offline', 'HTTP is gone'],
    [session('connecting'), undefined, 'amber', 'Connecting', ''],
    [session('connected'), fallback('live'), 'green', 'Connected', 'Ready for the next question.'],
    [session('idle'), fallback('live'), 'grey', 'Idle', 'Connects when somebody speaks.'],
  ] as const)('shows %j at %j', (report, level, colour, label, detail) => {
    expect(lampOf(shown({ session: report, ...(level && { fallback: level }) }), 1_000)).toMatchObject({
      colour,
      label,
      detail,
    });
  });

  it('flashes for a moment when something is interrupted', () => {
    const state = shown({
      session: session('connected'),
      turn: { turn: 1, state: 'interrupted', backend: 'live', at: 0 },
    });
    expect([lampOf(state, 100).flashing, lampOf(state, 2_000).flashing]).toEqual([true, false]);
  });
});
