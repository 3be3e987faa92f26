import { afterEach, describe, expect, it } from 'vitest';
import { type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the session', () => {
  it('closes when nobody talks, and stands again by the time the next question is whole', async () => {
    bench = await thinkerBench({ environment: { GEMINI_IDLE_CLOSE_MIN: '0.01' } });
    const { until, sessions, turns, simulator } = bench;
    const connected = await until(sessions, ({ state }) => state === 'connected');
    await until(sessions, ({ state, since }) => state === 'idle' && since > connected.since);
    await until([0], () => simulator.state().openSockets === 0);
    const utterance = await bench.speak(0.6, { paced: true });
    const done = await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    expect(done.backend).toBe('live');
  });

  it('fails in plain words, and once, on a key that is not accepted; the question is answered all the same', async () => {
    bench = await thinkerBench({ scenario: { keys: ['another'] } });
    const { until, sessions, alerts, turns, simulator } = bench;
    const failed = await until(sessions, ({ state }) => state === 'failed');
    expect(failed.error).toMatchObject({
      kind: 'auth',
      retryable: false,
      message: expect.stringContaining('GEMINI_API_KEY'),
    });
    const utterance = await bench.speak(0.4);
    const over = (state: string) => state === 'done' || state === 'failed';
    await until(
      [0],
      () => alerts.length > 0 || turns.some((turn) => turn.utterance === utterance && over(turn.state)),
      30_000,
    );
    expect(simulator.state().attempts).toHaveLength(1);
  });

  it('does not hammer a server whose quota is used up', async () => {
    bench = await thinkerBench({ scenario: { connections: [{ faults: [{ fault: 'refuse-upgrade', status: 429 }] }] } });
    const { until, sessions, simulator } = bench;
    const waiting = await until(sessions, ({ state }) => state === 'backoff');
    expect(waiting.error).toMatchObject({ kind: 'quota' });
    for (let question = 0; question < 3; question += 1) {
      await bench.speak(0.1);
      await pause(400);
    }
    expect(simulator.state().attempts).toHaveLength(1);
  });

  it('tells every new session what was said where the server gives no handles', async () => {
    bench = await thinkerBench({
      policies: { session: { rotateAfterMs: 100, freshHandleWaitMs: 200 } },
      scenario: {
        connections: [{ faults: [{ fault: 'no-handles' }] }],
        turns: [{ overallTurn: 1, hears: 'my name is Ada', reply: { kind: 'text', text: 'Hello Ada.' } }],
      },
    });
    const { until, sessions, turns, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(0.3);
    await until(turns, ({ state }) => state === 'done');
    const attempts = simulator.state().attempts.length;
    await until([0], () => simulator.state().attempts.length > attempts);
    await until([0], () => JSON.stringify(simulator.state().sessions.at(-1)?.remembers).includes('my name is Ada'));
  });

  it('tries one connection at a time, ever more slowly, while none is to be had', async () => {
    bench = await thinkerBench({ scenario: { connections: [{ faults: [{ fault: 'reset-connection' }] }] } });
    const { sessions, simulator, until } = bench;
    await until(sessions, ({ state, attempt }) => state === 'backoff' && attempt === 3, 30_000);
    const { attempts } = simulator.state();
    const gaps = attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0));
    expect(gaps[0]).toBeGreaterThan(700);
    expect(gaps[1]).toBeGreaterThan(1_500);
  });
});
