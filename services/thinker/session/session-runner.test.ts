import { describe, expect, it } from 'vitest';
import { loadSettings } from '#shared/config/load-settings.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { fakeLive } from '../live/fake-live.fixture.ts';
import { SessionRunner } from './session-runner.ts';
import { sessionPolicy } from './session-state.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** A session with the settings as they come, whose server is healthy, answers pings and never announces an end. */
function bench() {
  const clock = manualClock();
  const server = fakeLive({ answersPings: false });
  const meters = new Meters();
  const runner = new SessionRunner(
    {
      clock,
      log: createLog('thinker', 'silent'),
      meters,
      connect: server.connect,
      handles: { load: () => undefined, save: () => undefined },
      identity: { model: 'gemini-3.8-live', simulated: true },
      enabled: true,
      policy: sessionPolicy(loadSettings({ GEMINI_API_KEY: 'k' })),
      tools: () => [],
      random: () => 0.5,
    },
    {
      opened: () => undefined,
      lost: () => undefined,
      said: () => undefined,
      failed: () => undefined,
      ponged: () => undefined,
      reported: () => undefined,
    },
  );
  const agesMs: number[] = [];
  let openedAtMs = 0;
  return {
    runner,
    counters: () => meters.snapshot(0).counters,
    /** How old each connection became that we ended ourselves. */
    agesMs,
    live(forMs: number, eachSecond: (second: number) => void = () => undefined) {
      for (let second = 0; second < forMs / SECOND_MS; second += 1) {
        const { connections } = server;
        const last = connections.at(-1);
        if (last && !last.closed && openedAtMs === 0) {
          openedAtMs = clock.nowMs();
          last.tell({ type: 'opened' });
          last.tell({
            type: 'message',
            message: { sessionResumptionUpdate: { resumable: true, newHandle: 'h' } },
            bytes: 9,
          });
        }
        for (const ping of last?.pings.splice(0) ?? []) last?.tell({ type: 'ponged', ping });
        eachSecond(second);
        clock.advance(SECOND_MS);
        if (last && connections.at(-1) !== last) {
          agesMs.push(clock.nowMs() - openedAtMs);
          openedAtMs = 0;
        }
      }
      return server.connections.length;
    },
  };
}

describe('rotation with the settings as they come', () => {
  it.each([
    ['ten', 10],
    ['fifty-eight', 58],
  ])('is done by our own timer before a server ends the connection at %s minutes without a word', (_name, minutes) => {
    const { runner, live, agesMs, counters } = bench();
    runner.start();
    // Somebody asks something every minute, for two hours.
    live(120 * MINUTE_MS, (second) => {
      if (second % 60 === 30) runner.setBusy(true);
      if (second % 60 === 40) runner.setBusy(false);
    });
    expect(agesMs.length).toBeGreaterThanOrEqual(12);
    expect(Math.max(...agesMs)).toBeLessThan(minutes * MINUTE_MS);
    // At a turn boundary: no sooner than need be, no later than Google's goAway.
    expect(Math.min(...agesMs)).toBeGreaterThanOrEqual(510 * SECOND_MS);
    expect(Math.max(...agesMs)).toBeLessThan(540 * SECOND_MS);
    expect(counters()['connectionsLost']).toBeUndefined();
  });

  it('does not wait longer than that for the end of a turn', () => {
    const { runner, live, agesMs } = bench();
    runner.start();
    live(SECOND_MS);
    runner.setBusy(true);
    live(9 * MINUTE_MS);
    expect(agesMs).toEqual([]);
    live(MINUTE_MS);
    expect(agesMs).toHaveLength(1);
    expect(agesMs[0]).toBeLessThan(590 * SECOND_MS);
  });

  it('is no matter where nobody speaks: the connection is closed after ten minutes of silence, rotations included', () => {
    const { runner, live, counters } = bench();
    runner.start();
    live(60 * MINUTE_MS);
    expect(counters()['idleCloses']).toBe(1);
  });
});
