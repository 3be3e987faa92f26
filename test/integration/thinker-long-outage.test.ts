import { describe, expect, it } from 'vitest';
import { frame } from '#shared/contract/vision.ts';
import { PICTURE_LIMIT_BYTES, SOUND_LIMIT_BYTES } from '../../services/thinker/uplink/uplink-limits.ts';
import { behindNetwork as behindAnyNetwork } from './harness/behind-network.ts';
import { QUICK, type ThinkerBench } from './harness/thinker-bench.ts';

const MINUTE_MS = 60_000;
const RATE_HZ = 16_000;
/** A chunk of sound on the wire: 40 ms in base64 and the JSON around it. */
const CHUNK_BYTES = 2_000;
const LONG_ANSWER =
  'There is a door on your left, and behind it there are stairs that lead down to the street. '.repeat(4);

const ramp = (samples: number) => Array.from({ length: samples }, (_unused, index) => (index % 30_000) + 1);
const sameSamples = (heard: Int16Array, said: readonly number[]) =>
  heard.length === said.length && heard.every((sample, index) => sample === said[index]);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const ended = ({ state }: { state: string }) => ['done', 'failed'].includes(state);

/** A busy machine connects more slowly than a person has patience. */
const behindNetwork: typeof behindAnyNetwork = (run, options = {}, start = {}) =>
  behindAnyNetwork(run, { policies: { conversation: { connectWithinMs: 6_000 } }, ...options }, start);

/** The network has come back: the next question finds a connection, and no more tries were made than the backoff allows. */
async function isWellAgain(bench: ThinkerBench): Promise<void> {
  expect(bench.sessions.filter(({ state }) => state === 'connecting').length).toBeLessThan(12);
  const next = await bench.speak(0.4);
  const done = await bench.until(bench.turns, (turn) => turn.utterance === next && ended(turn), 30_000);
  expect(done).toMatchObject({ state: 'done', backend: 'live' });
  const { openSockets, mostAtOnce } = bench.simulator.state();
  expect(openSockets).toBe(1);
  expect(mostAtOnce).toBe(1);
}

// In real time: what these show is that nothing in the thinker grows or gives up over a minute.
describe.concurrent('a network that is gone for a minute', { timeout: 150_000 }, () => {
  it('while the user speaks: the question is answered or explained, and the connection comes back', () =>
    behindNetwork(async (bench, network) => {
      const speaking = bench.speak(1.5, { paced: true });
      await pause(700);
      network.set({ down: true });
      const utterance = await speaking;
      const back = pause(MINUTE_MS);
      const end = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 50_000);
      expect(end.backend).not.toBe('live');
      expect(end.state === 'done' || bench.alerts.length > 0).toBe(true);
      await back;
      // Five tries in a row are what the router falls back on.
      expect(Math.max(...bench.sessions.map(({ attempt }) => attempt))).toBeGreaterThanOrEqual(5);
      network.set({});
      await isWellAgain(bench);
    }));

  it('during an answer: the user is told, the sound is closed, and the connection comes back', () =>
    behindNetwork(
      async (bench, network) => {
        const utterance = await bench.speak(0.4);
        await bench.until(bench.frames, ({ position }) => position > 0);
        network.set({ down: true });
        const back = pause(MINUTE_MS);
        const end = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 50_000);
        expect(bench.frames.filter(({ stream, last }) => stream === end.turn && last)).toHaveLength(1);
        expect(bench.alerts).toHaveLength(1);
        await back;
        network.set({});
        await isWellAgain(bench);
      },
      {
        scenario: {
          timing: { ...QUICK, speed: 2 },
          turns: [{ overallTurn: 1, reply: { kind: 'text', text: LONG_ANSWER } }],
        },
      },
    ));

  it('in between: nobody notices', () =>
    behindNetwork(async (bench, network) => {
      network.set({ down: true });
      await pause(MINUTE_MS);
      network.set({});
      await isWellAgain(bench);
      expect(bench.alerts).toEqual([]);
    }));

  it('and swallows packets: every sample arrives late, pictures are left out, and memory stays bounded', () =>
    behindNetwork(async (bench, network) => {
      const memoryBefore = process.memoryUsage().arrayBuffers;
      let mostUnsent = 0;
      let mostMemory = 0;
      const watch = setInterval(() => {
        mostUnsent = Math.max(mostUnsent, bench.meters.snapshot(0).gauges['uplinkUnsentBytes'] ?? 0);
        mostMemory = Math.max(mostMemory, process.memoryUsage().arrayBuffers - memoryBefore);
      }, 20);
      const picture = new Uint8Array(60_000).fill(7);
      picture.set([0xff, 0xd8, 0xff]);
      picture.set([0xff, 0xd9], picture.length - 2);
      const camera = setInterval(() => bench.bus.publish(frame, picture.slice()), 250);
      network.set({ stalled: true });
      const speaking = bench.speak(62, { paced: true });
      await pause(MINUTE_MS);
      network.set({});
      const utterance = await speaking;
      const done = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 30_000);
      clearInterval(watch);
      clearInterval(camera);
      const { counters } = bench.meters.snapshot(0);
      expect(done.state).toBe('done');
      const { sessions } = bench.simulator.state();
      // Put again from its beginning where the pings had given the connection up meanwhile.
      const answeredBy = sessions.at(-1)?.connection ?? 0;
      expect(sameSamples(bench.simulator.recording({ connection: answeredBy }), ramp(62 * RATE_HZ))).toBe(true);
      expect(counters['questionSamplesDropped'] ?? 0).toBe(0);
      expect(counters['picturesDroppedSlowUplink']).toBeGreaterThan(0);
      // The last thing sent before its limit was reached may stand on top of it.
      const pictureBytes = Math.ceil(picture.length / 3) * 4 + 1_000;
      const bound = Math.max(SOUND_LIMIT_BYTES + CHUNK_BYTES, PICTURE_LIMIT_BYTES + pictureBytes);
      expect(mostUnsent).toBeGreaterThan(PICTURE_LIMIT_BYTES);
      expect(mostUnsent).toBeLessThanOrEqual(bound);
      expect(mostMemory).toBeLessThan(64_000_000);
    }));
});

describe.concurrent('a network that is slow', { timeout: 150_000 }, () => {
  it('takes two seconds each way: once the distance is known, Live answers in its own time', () =>
    behindNetwork(async (bench, network) => {
      network.set({ delayMs: 2_000 });
      const first = await bench.speak(0.3);
      await bench.until(bench.turns, (turn) => turn.utterance === first && ended(turn), 40_000);
      const far = () => (bench.meters.snapshot(0).gauges['liveRttMs'] ?? 0) >= 3_900;
      await bench.until([0], () => far() && bench.sessions.at(-1)?.state === 'connected', 40_000);
      const second = await bench.speak(0.3);
      const done = await bench.until(bench.turns, (turn) => turn.utterance === second && ended(turn), 40_000);
      expect(done).toMatchObject({ state: 'done', backend: 'live' });
    }));

  it('carries 64 kbit/s: every sample of the question arrives, late', () =>
    behindNetwork(
      async (bench, network) => {
        network.set({ upBytesPerSecond: 8_000 });
        const utterance = await bench.speak(3, { paced: true });
        const done = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 60_000);
        expect(done).toMatchObject({ state: 'done', backend: 'live' });
        expect([...bench.simulator.recording({ connection: 1 })]).toEqual(ramp(3 * RATE_HZ));
      },
      {
        // The patience of the user is not what is tested here.
        policies: {
          conversation: {
            noOutputMs: 90_000,
            noPongMs: 90_000,
            fallBackAfterMs: 90_000,
            connectWithinMs: 90_000,
            answerWithinMs: 90_000,
          },
        },
      },
    ));
});
