import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCredentials } from '#shared/config/credentials.ts';
import { type HostileRole, measureHostileBus } from '../../bench/hostile-bus/measure.ts';
import { freePort, type RunningProcess, startProcess } from './harness/processes.ts';

/**
 * Aedes as it comes stands still for good with the first two of these: its places for waiting messages fill up. The bound is
 * far above what is measured (see docs/services/broker.md), so that only that failure, or one like it, can break the test.
 */
const STANDSTILL_MS = 1_000;
const MEMORY_BOUND_BYTES = 150_000_000;
const DURATION_MS = 4_000;

let stateDir: string;
let port: number;
let broker: RunningProcess;
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'cortex-hostile-'));
  port = await freePort();
  broker = await startProcess('broker', {
    CORTEX_STATE_DIR: stateDir,
    CORTEX_MQTT_PORT: String(port),
    CORTEX_HTTP_PORT: String(await freePort()),
  });
});
afterAll(() => broker.end());

describe('the bus among hostile clients', () => {
  it.each<[string, HostileRole[]]>([
    ['a frozen subscriber and a flood', ['frozen', 'flood']],
    ['one that reads a byte a second and a flood', ['slow', 'flood']],
    ['one that never acknowledges and a flood', ['unacknowledging', 'flood']],
    ['all of them and two hundred idle clients', ['frozen', 'slow', 'unacknowledging', 'flood', 'idle']],
  ])('carries every control message in time past %s', async (_what, roles) => {
    const figures = await measureHostileBus({
      port,
      brokerPid: broker.pid,
      credentials: loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined }),
      topicPrefix: 'cortex',
      roles,
      durationMs: DURATION_MS,
    });
    console.log(roles.join(' + '), figures);
    expect(figures.controlLost).toBe(0);
    expect(figures.controlP99Ms).toBeLessThan(STANDSTILL_MS);
    expect(figures.brokerRssPeakBytes - figures.brokerRssBeforeBytes).toBeLessThan(MEMORY_BOUND_BYTES);
  });
});
