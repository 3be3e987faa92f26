import { afterEach, describe, expect, it } from 'vitest';
import { ask, context, say } from '#shared/contract/thinker.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

describe('a conversation through the Live WebSocket', () => {
  it('answers a spoken question, with every sample of it heard once and in order', async () => {
    bench = await thinkerBench();
    const { until, sessions, turns, frames, transcripts, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const utterance = await bench.speak(1.5);
    const done = await until(turns, ({ state }) => state === 'done');
    expect(turns.map(({ state }) => state)).toEqual(['listening', 'thinking', 'speaking', 'done']);
    expect(done.utterance).toBe(utterance);
    expect([...simulator.recording()]).toEqual(Array.from({ length: 24_000 }, (_unused, i) => (i % 30_000) + 1));
    const positions = frames.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((one, other) => one - other));
    expect(frames[0]).toMatchObject({ first: true, position: 0, stream: done.turn, sampleRateHz: 24_000 });
    expect(frames.at(-1)).toMatchObject({ last: true });
    await until(transcripts, ({ role, final }) => role === 'model' && final);
    expect(Object.keys(done.timings ?? {})).toEqual(
      expect.arrayContaining(['speechStarted', 'speechEnded', 'activityEnded', 'firstAudio', 'turnComplete']),
    );
  });

  it('cuts the answer at once when the user speaks, and answers the new question', async () => {
    bench = await thinkerBench({
      scenario: { timing: { ...QUICK, speed: 2 }, turns: [{ overallTurn: 1, reply: { kind: 'coded', seconds: 10 } }] },
    });
    const { until, turns, frames, sessions } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(1);
    const first = await until(turns, ({ state }) => state === 'speaking');
    await until(frames, ({ position }) => position > 0);
    const second = await bench.speak(1);
    bench.bargeIn(second);
    const cutTurn = await until(turns, ({ state }) => state === 'interrupted');
    expect(cutTurn.turn).toBe(first.turn);
    const framesAtCut = frames.filter(({ stream }) => stream === first.turn).length;
    const done = await until(turns, ({ state }) => state === 'done');
    expect(done.utterance).toBe(second);
    const ofFirst = frames.filter(({ stream }) => stream === first.turn);
    expect(ofFirst.length).toBeLessThanOrEqual(framesAtCut + 1);
    expect(ofFirst.at(-1)?.last).toBe(true);
  });

  it('connects again after a dropped socket and answers the question that was under way', async () => {
    bench = await thinkerBench({
      scenario: { turns: [{ connection: 1, turn: 1, faults: [{ fault: 'drop', at: 'question-end' }] }] },
    });
    const { until, turns, sessions } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(1);
    const done = await until(turns, ({ state }) => state === 'done');
    expect(turns.every(({ turn }) => turn === done.turn)).toBe(true);
    expect(bench.simulator.state().attempts).toHaveLength(2);
  });

  it('answers a question in text, and speaks what it is told to', async () => {
    bench = await thinkerBench();
    const { until, turns, sessions, bus, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    bus.publish(ask, { id: 'a', text: 'what time is it?' });
    bus.publish(say, { id: 's', text: 'Turn left now.' });
    bus.publish(context, { source: 'gps', text: 'Baker Street 221' });
    await until(turns, ({ state }) => state === 'done');
    await until(turns, ({ state, turn }) => state === 'done' && turn !== turns[0]?.turn);
    const remembered = JSON.stringify(simulator.state().sessions[0]?.remembers);
    expect(remembered).toContain('what time is it?');
    expect(remembered).toContain('Turn left now.');
  });

  it.each([
    ['the turn', []],
    ['the whole session', [{ faults: [{ fault: 'cumulative-usage' as const }] }]],
  ])('keeps the account of each turn where the server counts %s', async (_what, connections) => {
    bench = await thinkerBench({ scenario: { connections } });
    const { until, turns, sessions, simulator, meters } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    for (const seconds of [1, 2, 0.5]) {
      const utterance = await bench.speak(seconds);
      const done = await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
      // The bench's voice speaks for one second: 25 tokens.
      expect(done.usage).toMatchObject({ responseAudioTokens: 25 });
      expect(done.usage?.['sentBytes']).toBeGreaterThan(seconds * 32_000);
    }
    const { prompt, response } = simulator.state().sessions[0]?.usage ?? { prompt: {}, response: {} };
    const { counters } = meters.snapshot(0);
    expect(counters['promptAudioTokens']).toBe('AUDIO' in prompt ? prompt.AUDIO : 0);
    expect(counters['responseAudioTokens']).toBe('AUDIO' in response ? response.AUDIO : 0);
    expect(counters['costUsd']).toBeGreaterThan(0);
  });
});
