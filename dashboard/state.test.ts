import { describe, expect, it } from 'vitest';
import { lampOf } from './lamp.ts';
import { type BusEvent, type DashboardEvent, type DashboardState, INITIAL_STATE, next } from './state.ts';

const NOW = 1_000_000;

function stateAfter(...events: DashboardEvent[]): DashboardState {
  return events.reduce(next, INITIAL_STATE);
}

function bus<Kind extends BusEvent['kind']>(
  kind: Kind,
  payload: Extract<BusEvent, { kind: Kind }>['payload'],
  levels: Record<string, string> = {},
): BusEvent {
  return { kind, payload, levels, atMs: NOW } as BusEvent;
}

const open: DashboardEvent = { kind: 'linkChanged', link: 'open', atMs: NOW };
const session = (state: 'idle' | 'connecting' | 'connected' | 'backoff' | 'failed') =>
  bus('session', { state, model: 'm', attempt: 3, resumable: true, simulated: true, since: NOW });
const turn = (number: number, state: 'listening' | 'speaking' | 'done' | 'interrupted') =>
  bus('turn', { turn: number, state, backend: 'live', at: NOW });
const transcript = (number: number, role: 'user' | 'model', text: string) =>
  bus('transcript', { turn: number, role, text, final: true, at: NOW });

describe('the conversation', () => {
  it('puts a turn together from whatever arrives in whatever order', () => {
    const { turns } = stateAfter(
      transcript(7, 'model', 'A bus.'),
      bus('decision', { turn: 7, text: 'What?', layer: 2, intent: 'describe', confidence: 1, at: NOW }),
      turn(7, 'speaking'),
      transcript(7, 'user', 'What?'),
      bus('playback', { turn: 7, state: 'progress', position: 24_000, playedMs: 1_000, at: NOW }),
    );
    expect(turns).toHaveLength(1);
    expect(turns[0]).toMatchObject({
      turn: 7,
      playedMs: 1_000,
      layer: 2,
      report: { state: 'speaking' },
      user: { text: 'What?' },
      model: { text: 'A bus.' },
    });
  });

  it('keeps turns in order of their numbers, and the last thirty', () => {
    const numbers = Array.from({ length: 40 }, (_unused, n) => n).reverse();
    const { turns } = stateAfter(...numbers.map((number) => turn(number, 'done')));
    expect(turns.map((view) => view.turn)).toEqual(Array.from({ length: 30 }, (_unused, n) => n + 10));
  });
});

describe('a service', () => {
  it('is known by its status and its metrics, each replacing the last', () => {
    const status = (state: 'online' | 'offline') => ({ state, pid: 1, version: '1', startedAt: 0 });
    const { services } = stateAfter(
      bus('status', status('online'), { service: 'vision' }),
      bus('metrics', { counters: { frames: 2 }, gauges: {}, at: NOW }, { service: 'vision' }),
      bus('status', status('offline'), { service: 'vision' }),
    );
    expect(services['vision']).toMatchObject({ status: { state: 'offline' }, metrics: { counters: { frames: 2 } } });
  });
});

describe('the lamp', () => {
  it.each<[string, DashboardEvent[], string, string]>([
    ['before the first connection', [], 'grey', 'Connecting to the stack'],
    [
      'without the broker',
      [open, session('connected'), { kind: 'linkChanged', link: 'lost', atMs: NOW }],
      'red',
      'No connection to the stack',
    ],
    ['while connecting', [open, session('connecting')], 'amber', 'Connecting'],
    ['between two attempts', [open, session('backoff')], 'amber', 'Trying again (attempt 3)'],
    ['when connected', [open, session('connected')], 'green', 'Connected'],
    ['in a turn', [open, session('connected'), turn(1, 'speaking')], 'green', 'Streaming'],
    ['after a turn', [open, session('connected'), turn(1, 'done')], 'green', 'Connected'],
    ['when all attempts failed', [open, session('failed')], 'red', 'Failed'],
    [
      'on the HTTP level',
      [open, session('failed'), bus('fallback', { level: 'http', reason: 'r', since: NOW })],
      'amber',
      'Answers over HTTP',
    ],
    [
      'on the offline level',
      [open, bus('fallback', { level: 'offline', reason: 'r', since: NOW })],
      'amber',
      'Offline',
    ],
  ])('%s', (_when, events, colour, label) => {
    expect(lampOf(stateAfter(...events), NOW)).toMatchObject({ colour, label, flashing: false });
  });

  it.each<[string, DashboardEvent]>([
    ['a command', bus('interrupt', { id: 'i', source: 'operator', at: NOW })],
    ['the end of a turn', turn(1, 'interrupted')],
  ])('flashes on an interruption by %s, and stops flashing', (_what, event) => {
    const state = stateAfter(open, session('connected'), event);
    expect(lampOf(state, NOW + 100).flashing).toBe(true);
    expect(lampOf(state, NOW + 1_000).flashing).toBe(false);
  });
});
