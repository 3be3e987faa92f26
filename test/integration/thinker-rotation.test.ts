import { afterEach, describe, expect, it } from 'vitest';
import { SESSION_POLICY } from '../../services/thinker/session/session-state.ts';
import { LIFETIMES } from '../../simulator/scenario/scenario.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

/** What `speak` says from `firstSample` on. */
const said = (firstSample: number, samples: number) =>
  Array.from({ length: samples }, (_unused, index) => ((firstSample + index) % 30_000) + 1);

describe('a conversation longer than a connection', () => {
  it('loses no sample and no context over forty rotations by our own timer', { timeout: 120_000 }, async () => {
    bench = await thinkerBench({
      policies: { session: { rotateAfterMs: 100, rotateByMs: 5_000, freshHandleWaitMs: 500 } },
      scenario: { turns: [{ overallTurn: 1, hears: 'my name is Ada' }] },
    });
    const { until, turns, sessions, simulator, meters } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const spoken: number[] = [];
    for (let question = 0; question < 45; question += 1) {
      const utterance = await bench.speak(0.2, { paced: true, firstSample: question * 3_200 });
      spoken.push(...said(question * 3_200, 3_200));
      await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    }
    expect(meters.snapshot(0).counters['rotations']).toBeGreaterThanOrEqual(40);
    expect(turns.filter(({ state }) => state === 'failed' || state === 'interrupted')).toEqual([]);
    expect([...simulator.recording()]).toEqual(spoken);
    // One more rotation may be under way, in which the old socket is closed before the new one opens.
    await until([simulator], () => simulator.state().openSockets === 1);
    const state = simulator.state();
    expect(JSON.stringify(state.sessions.at(-1)?.remembers)).toContain('my name is Ada');
    expect(state.mostAtOnce).toBe(1);
    expect(meters.snapshot(0).counters['sessionsStarted']).toBe(1);
  });

  it('rotates on goAway in the middle of a question, which is then answered whole', async () => {
    bench = await thinkerBench({
      scenario: { connections: [{ connection: 1, faults: [{ fault: 'go-away', afterMs: 700, timeLeftMs: 500 }] }] },
    });
    const { until, turns, sessions, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const utterance = await bench.speak(2.5, { paced: true });
    await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    expect([...simulator.recording({ connection: 2 })]).toEqual(said(0, 40_000));
    expect(turns.filter(({ state }) => state === 'thinking')).toHaveLength(1);
  });

  it('takes a goAway after which the server is silent', async () => {
    bench = await thinkerBench({
      scenario: {
        connections: [
          {
            connection: 1,
            faults: [{ fault: 'go-away', afterMs: 300, timeLeftMs: 3_000, silent: true, end: 'never' }],
          },
        ],
      },
    });
    const { until, turns, sessions, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await until([simulator], () => simulator.state().attempts.length === 2);
    const utterance = await bench.speak(0.5);
    await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
  });

  it.each([
    ['announced and closed with 1008', { goAwayAfterMs: 400, endAfterMs: 900, cause: 'go-away-ignored' as const }],
    ['closed with 1011 without a word', { endAfterMs: 700, cause: 'internal' as const }],
    ['closed with 1000', { endAfterMs: 700, cause: { code: 1000, reason: 'The operation was cancelled.' } }],
  ])('goes on over an end that is %s', { timeout: 60_000 }, async (_name, lifetime) => {
    bench = await thinkerBench({
      scenario: { lifetime },
      policies: { session: { stableAfterMs: 300 } },
    });
    const { until, turns, sessions, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    for (let question = 0; question < 8; question += 1) {
      const utterance = await bench.speak(0.3, { paced: true });
      const end = await until(turns, (turn) => turn.utterance === utterance && ['done', 'failed'].includes(turn.state));
      expect(end.state).toBe('done');
    }
    expect(simulator.state().attempts.length).toBeGreaterThan(2);
  });

  // In fast motion: the real server's times, and our own timer's (8:30 at a turn boundary, 9:30 wherever), divided by this.
  it.each([
    ['ten-minute', 100, { ...LIFETIMES['ten-minutes'], goAwayAfterMs: 5_400, endAfterMs: 5_900 }, 4],
    ['58-minute', 240, { ...LIFETIMES['fifty-eight-minutes'], endAfterMs: 14_500 }, 9],
  ])('is first with its own rotation where connections end in the %s style', { timeout: 60_000 }, async (...row) => {
    const [_style, timesAsFast, lifetime, connections] = row;
    const { rotateAfterMs, rotateByMs, freshHandleWaitMs } = SESSION_POLICY;
    bench = await thinkerBench({
      scenario: { lifetime },
      policies: {
        session: {
          rotateAfterMs: rotateAfterMs / timesAsFast,
          rotateByMs: rotateByMs / timesAsFast,
          freshHandleWaitMs: freshHandleWaitMs / timesAsFast,
        },
      },
    });
    const { until, turns, sessions, simulator, meters } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    while (simulator.state().attempts.length < connections) {
      const utterance = await bench.speak(0.2, { paced: true });
      const end = await until(turns, (turn) => turn.utterance === utterance && ['done', 'failed'].includes(turn.state));
      expect(end.state).toBe('done');
    }
    expect(meters.snapshot(0).counters['rotations']).toBe(connections - 1);
    expect(meters.snapshot(0).counters['connectionsLost']).toBeUndefined();
  });

  it('sends sound that waited for the connection faster than real time', async () => {
    bench = await thinkerBench({
      scenario: {
        timing: { ...QUICK, setup: { medianMs: 800, p95Ms: 900 } },
        connections: [{ connection: 1, faults: [{ fault: 'drop-after', afterMs: 200 }] }],
      },
      policies: { session: { stableAfterMs: 100 } },
    });
    const { until, turns, sessions, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const utterance = await bench.speak(1.5, { paced: true });
    await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    expect([...simulator.recording({ connection: 2 })]).toEqual(said(0, 24_000));
    const [activity] = simulator.state().sessions.at(-1)?.activities ?? [];
    const { startedAtMs = 0, endedAtMs = Number.POSITIVE_INFINITY, seconds = 0 } = activity ?? {};
    expect(endedAtMs - startedAtMs).toBeLessThan(seconds * 1_000);
  });
});
