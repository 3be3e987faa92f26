import { describe, expect, it } from 'vitest';
import { frame } from '#shared/contract/vision.ts';
import { behindNetwork as behindAnyNetwork } from './harness/behind-network.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

const ramp = (samples: number) => Array.from({ length: samples }, (_unused, index) => (index % 30_000) + 1);
/** The first loss of a connection is followed by another one at once. */
const behindNetwork: typeof behindAnyNetwork = (run, options = {}, start = {}) =>
  behindAnyNetwork(run, { policies: { session: { stableAfterMs: 200 } }, ...options }, start);
const ended = ({ state }: { state: string }) => ['done', 'failed'].includes(state);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The user hears something, answer or reason. That it is soon enough is tested in the core, whose time is made. */
async function heardSomething(bench: ThinkerBench, utterance: number): Promise<void> {
  const speaks = () => bench.turns.some((turn) => turn.utterance === utterance && turn.state === 'speaking');
  await bench.until([0], () => speaks() || bench.alerts.length > 0, 30_000);
}

describe.concurrent('a network that', { timeout: 60_000 }, () => {
  it('is cut while the user speaks loses nothing of the question', () =>
    behindNetwork(async (bench, network) => {
      await pause(300);
      const speaking = bench.speak(1.5, { paced: true });
      await pause(600);
      network.cut();
      const utterance = await speaking;
      const done = await bench.until(bench.turns, (turn) => turn.utterance === utterance && turn.state === 'done');
      expect(done.backend).toBe('live');
      expect([...bench.simulator.recording({ connection: 2 })]).toEqual(ramp(24_000));
    }));

  it('is cut during the answer lets it be finished', () =>
    behindNetwork(
      async (bench, network) => {
        await pause(300);
        await bench.speak(0.4);
        await bench.until(bench.frames, ({ position }) => position > 0);
        network.cut();
        const done = await bench.until(bench.turns, ({ state }) => state === 'done', 10_000);
        expect(bench.frames.filter(({ stream, last }) => stream === done.turn && last)).toHaveLength(1);
        const positions = bench.frames.filter(({ stream }) => stream === done.turn).map(({ position }) => position);
        expect(positions).toEqual([...positions].sort((one, other) => one - other));
      },
      { scenario: { timing: { ...QUICK, speed: 2 } } },
    ));

  it('is cut in between is not noticed by anybody', () =>
    behindNetwork(async (bench, network) => {
      await pause(300);
      network.cut();
      await bench.until([0], () => bench.simulator.state().attempts.length === 2);
      const utterance = await bench.speak(0.4);
      await bench.until(bench.turns, (turn) => turn.utterance === utterance && turn.state === 'done');
      expect(bench.alerts).toEqual([]);
    }));

  it.each([
    ['known since the connection was opened', true],
    ['not known yet', false],
  ])('needs a second for each way is waited for, not asked twice: the distance is %s', (_name, known) =>
    behindNetwork(
      async (bench, network) => {
        network.set({ delayMs: 1_000 });
        const rttMs = bench.meters.snapshot(0).gauges['liveRttMs'] ?? 0;
        expect(rttMs >= 1_900).toBe(known);
        for (let question = 1; question <= 2; question += 1) {
          const utterance = await bench.speak(0.3);
          const done = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 20_000);
          expect(done).toMatchObject({ state: 'done', backend: 'live' });
          const activities = bench.simulator.state().sessions.flatMap((session) => session.activities);
          expect(activities.length).toBe(question);
        }
      },
      {},
      { condition: known ? { delayMs: 1_000 } : {} },
    ),
  );

  it('stalls with the connection open ends in another connection', () =>
    behindNetwork(async (bench, network) => {
      await pause(300);
      network.set({ stalled: true });
      const utterance = await bench.speak(20);
      await pause(1_500);
      network.set({});
      await heardSomething(bench, utterance);
      await bench.until(
        bench.turns,
        (turn) => turn.utterance === utterance && ['done', 'failed'].includes(turn.state),
        20_000,
      );
    }));

  it('carries 64 kbit/s has pictures left out: a short question arrives whole, and Live answers', () =>
    behindNetwork(async (bench, network) => {
      network.set({ upBytesPerSecond: 8_000 });
      const picture = new Uint8Array(60_000).fill(7);
      picture.set([0xff, 0xd8, 0xff]);
      picture.set([0xff, 0xd9], picture.length - 2);
      const show = () => bench.bus.publish(frame, picture.slice());
      show();
      const camera = setInterval(show, 250);
      const utterance = await bench.speak(0.8, { paced: true });
      const done = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 20_000);
      clearInterval(camera);
      expect(done).toMatchObject({ state: 'done', backend: 'live' });
      expect([...bench.simulator.recording({ connection: 1 })]).toEqual(ramp(12_800));
      const { sessions } = bench.simulator.state();
      expect(sessions.map(({ images, activities }) => [images, activities.length])).toEqual([[0, 1]]);
      expect(bench.meters.snapshot(0).counters['picturesDroppedSlowUplink']).toBeGreaterThan(0);
      expect(bench.alerts).toEqual([]);
      // The network is well again: the pictures come back with the next question.
      network.set({});
      const next = await bench.speak(1, { paced: true });
      show();
      await bench.until(bench.turns, (turn) => turn.utterance === next && ended(turn), 20_000);
    }));

  it('needs 12 s for TCP, TLS and the upgrade is not connected to: one try at a time, and the user is told', () =>
    behindNetwork(
      async (bench) => {
        const utterance = await bench.speak(0.3);
        await heardSomething(bench, utterance);
        await bench.until([0], () => (bench.meters.snapshot(0).counters['setupTimeouts'] ?? 0) >= 2, 40_000);
        const { counters } = bench.meters.snapshot(0);
        // Each try takes its ten seconds, and a backoff follows.
        expect(counters['connectionAttempts']).toBe(2);
        expect(bench.simulator.state().mostAtOnce).toBeLessThanOrEqual(1);
        expect(bench.sessions.some(({ state }) => state === 'connected')).toBe(false);
      },
      {},
      { condition: { delayMs: 2_000, handshakes: 2 }, connected: false },
    ));

  it('needs 12 s for the whole set-up is connected to, at the first try; a question meanwhile is answered or explained', () =>
    behindNetwork(
      async (bench) => {
        const early = await bench.speak(0.3);
        await heardSomething(bench, early);
        await bench.until(bench.sessions, ({ state }) => state === 'connected', 30_000);
        await bench.until(bench.turns, (turn) => turn.utterance === early && ended(turn), 20_000);
        const next = await bench.speak(0.3);
        const done = await bench.until(bench.turns, (turn) => turn.utterance === next && ended(turn), 20_000);
        expect(done).toMatchObject({ state: 'done', backend: 'live' });
        expect(bench.meters.snapshot(0).counters['connectionAttempts']).toBe(1);
        expect(bench.simulator.state()).toMatchObject({ mostAtOnce: 1, openSockets: 1 });
      },
      {},
      { condition: { delayMs: 2_000, handshakes: 1 }, connected: false },
    ));

  it('is gone for a while is explained, probed for, and back without anybody doing anything', { timeout: 60_000 }, () =>
    behindNetwork(async (bench, network) => {
      await pause(300);
      network.set({ down: true });
      const utterance = await bench.speak(0.4);
      await heardSomething(bench, utterance);
      network.set({});
      await bench.until(
        bench.sessions,
        ({ state, since }) => state === 'connected' && since > bench.clockNow() - 500,
        20_000,
      );
      const next = await bench.speak(0.4);
      const done = await bench.until(bench.turns, (turn) => turn.utterance === next && turn.state === 'done', 10_000);
      expect(done.backend).toBe('live');
      const gaps = bench.simulator.state().attempts.length;
      expect(gaps).toBeLessThan(6);
    }),
  );
});

describe('Gemini deciding the turns itself', () => {
  it('hears one stream and is answered by turns', async () => {
    const bench = await thinkerBench({ environment: { VAD_MODE: 'server' } });
    try {
      await bench.until(bench.sessions, ({ state }) => state === 'connected');
      await bench.speak(1.2, { paced: true });
      await bench.quiet(1.5);
      const done = await bench.until(bench.turns, ({ state }) => state === 'done', 10_000);
      expect(done.backend).toBe('live');
    } finally {
      await bench.stop();
    }
  });
});
