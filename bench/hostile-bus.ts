import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCredentials } from '#shared/config/credentials.ts';
import { freePort, startProcess } from '../test/integration/harness/processes.ts';
import { type HostileFigures, type HostileRole, measureHostileBus } from './hostile-bus/measure.ts';
import type { BenchRow, BenchTable } from './table.ts';

const DURATION_MS = 8_000;
const CASES: readonly (readonly [string, readonly HostileRole[]])[] = [
  ['nobody', []],
  ['a frozen subscriber, a 100 MB flood', ['frozen', 'flood']],
  ['one byte a second, a 100 MB flood', ['slow', 'flood']],
  ['QoS 1 on everything without an acknowledgement, a 100 MB flood', ['unacknowledging', 'flood']],
  ['200 idle clients', ['idle']],
  ['all of them', ['frozen', 'slow', 'unacknowledging', 'flood', 'idle']],
];

/** Time of a control message (QoS 1) from one service to another while hostile clients do their worst; a fresh broker for each case. */
export async function benchHostileBus(): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const [what, roles] of CASES) rows.push(row(what, await measured(roles)));
  return { title: 'A hostile bus: control messages among badly behaved clients', rows };
}

async function measured(roles: readonly HostileRole[]): Promise<HostileFigures> {
  const stateDir = mkdtempSync(join(tmpdir(), 'cortex-hostile-'));
  const port = await freePort();
  const broker = await startProcess('broker', {
    CORTEX_STATE_DIR: stateDir,
    CORTEX_MQTT_PORT: String(port),
    CORTEX_HTTP_PORT: String(await freePort()),
  });
  try {
    return await measureHostileBus({
      port,
      brokerPid: broker.pid,
      credentials: loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined }),
      topicPrefix: 'cortex',
      roles,
      durationMs: DURATION_MS,
    });
  } finally {
    await broker.end();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function row(what: string, figures: HostileFigures): BenchRow {
  return {
    what,
    values: {
      sent: figures.controlSent,
      lost: figures.controlLost,
      'p50 ms': figures.controlP50Ms,
      'p99 ms': figures.controlP99Ms,
      'longest ms': figures.controlMaxMs,
      'broker before MB': Math.round(figures.brokerRssBeforeBytes / 1e6),
      'peak MB': Math.round(figures.brokerRssPeakBytes / 1e6),
    },
    budget: '0 lost, p99 < 50 ms',
  };
}
