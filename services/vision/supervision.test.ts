import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSED, type Supervision, type SupervisionEffect, type SupervisionEvent, supervise } from './supervision.ts';

function run(events: SupervisionEvent[], from: Supervision = CLOSED) {
  let state = from;
  const effects: (SupervisionEffect & { atMs: number })[] = [];
  for (const event of events) {
    const next = supervise(state, event);
    state = next.state;
    effects.push(...next.effects.map((effect) => ({ ...effect, atMs: event.atMs })));
  }
  return { state, effects };
}

/** Ticks as the service makes them. */
function ticks(fromMs: number, toMs: number): SupervisionEvent[] {
  const count = Math.floor((toMs - fromMs) / 200);
  return Array.from({ length: count }, (_, index) => ({ type: 'ticked', atMs: fromMs + (index + 1) * 200 }));
}

const wanted = (atMs = 0): SupervisionEvent => ({ type: 'wanted', atMs });
const picture = (atMs: number): SupervisionEvent => ({ type: 'pictureDecoded', atMs });
const ended = (atMs: number): SupervisionEvent => ({ type: 'ended', atMs, reason: 'code 1' });
const openings = (effects: { type: string; atMs: number }[]) =>
  effects.filter(({ type }) => type === 'open').map(({ atMs }) => atMs);

describe('the supervision of the camera', () => {
  it('opens once for however many wishes, and closes on the last word', () => {
    const { effects } = run([wanted(0), wanted(10), { type: 'unwanted', atMs: 20 }, { type: 'unwanted', atMs: 30 }]);
    expect(effects.map(({ type, atMs }) => [type, atMs])).toEqual([
      ['open', 0],
      ['close', 20],
    ]);
  });

  it('restarts a camera that ends a quarter of a second later', () => {
    const { effects } = run([
      wanted(),
      picture(800),
      ...ticks(800, 9_000).flatMap((t) => [t, picture(t.atMs)]),
      ended(9_100),
      ...ticks(9_000, 9_600),
    ]);
    expect(effects.map(({ type, atMs }) => [type, atMs])).toEqual([
      ['open', 0],
      ['reportLive', 800],
      ['close', 9_100],
      ['reportLost', 9_100],
      ['open', 9_400],
    ]);
  });

  it('notices within two seconds that pictures stay away, and that none ever came', () => {
    const stalled = run([wanted(), picture(500), ...ticks(500, 4_000)]).effects.find(
      ({ type }) => type === 'reportLost',
    );
    const hanging = run([wanted(), ...ticks(0, 4_000)]).effects.find(({ type }) => type === 'reportLost');
    expect(stalled!.atMs - 500).toBeLessThanOrEqual(2_000);
    expect(hanging!.atMs).toBeLessThanOrEqual(2_000);
  });

  it('gives a start that hangs twice the time at each attempt, so that a slow camera gets there', () => {
    const { effects } = run([wanted(), ...ticks(0, 60_000)]);
    const [first, second, third] = openings(effects);
    expect([first, second! < 2_500, third! - second! > 3_000]).toEqual([0, true, true]);
  });

  it('backs off up to ten seconds from a camera that keeps ending', () => {
    const events: SupervisionEvent[] = [wanted()];
    let state = CLOSED;
    const openedAtMs: number[] = [];
    for (let atMs = 0; atMs < 120_000; atMs += 200) {
      for (const event of [...events.splice(0), { type: 'ticked', atMs } as const]) {
        const next = supervise(state, event);
        state = next.state;
        if (next.effects.some(({ type }) => type === 'open')) {
          openedAtMs.push(atMs);
          events.push(ended(atMs + 10));
        }
      }
    }
    const gaps = openedAtMs.slice(1).map((atMs, index) => atMs - openedAtMs[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(200);
    expect(gaps.at(-1)).toBeLessThanOrEqual(10_400);
    expect(gaps.at(-1)).toBeGreaterThan(9_000);
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
  });

  it('asks a source that costs nothing to ask again and again', () => {
    const state: Supervision = { phase: 'starting', sinceMs: 0, failures: 9 };
    expect(supervise(state, ended(100), 250).state).toMatchObject({ phase: 'waiting', untilMs: 350 });
  });

  it('does not take one picture for recovery: a camera that dies right after it keeps its backoff', () => {
    const failing = run([wanted(), ended(10), ...ticks(0, 600), picture(700), ended(800)]).state;
    expect(failing).toMatchObject({ phase: 'waiting', failures: 2 });
    const well = run([picture(700), picture(6_000), ended(6_100)], {
      phase: 'starting',
      sinceMs: 0,
      failures: 4,
    }).state;
    expect(well).toMatchObject({ phase: 'waiting', failures: 1 });
  });

  it('never opens what is open and never closes what is closed, whatever happens', () => {
    const event: fc.Arbitrary<SupervisionEvent['type']> = fc.constantFrom(
      'wanted',
      'unwanted',
      'pictureDecoded',
      'ended',
      'ticked',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(3_000)), { maxLength: 100 }), (steps) => {
        let atMs = 0;
        const events = steps.map(([type, waitMs]) => {
          atMs += waitMs;
          return { type, atMs, reason: 'x' } as SupervisionEvent;
        });
        const moves = run(events).effects.filter(({ type }) => type === 'open' || type === 'close');
        for (const [index, { type }] of moves.entries()) expect(type).toBe(index % 2 === 0 ? 'open' : 'close');
      }),
    );
  });
});
