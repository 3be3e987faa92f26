import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCredentials } from '#shared/config/credentials.ts';
import { freePort, startProcess } from '../test/integration/harness/processes.ts';
import { type HostileFigures, type HostileRole, measureHostileBus } from './hostile-bus/measure.ts';
import type { BenchRow, BenchTable } from './table.ts';

/** Longer than the broker lets a frozen client be (10 s), so that its end is in it. */
const DURATION_MS = 16_000;
/** Until all 100 MB are through: the broker lets a single publisher have 2 MB a second, in packets of this size. */
const WHOLE_FLOOD_MS = 60_000;
const EVERYBODY = ['frozen', 'slow', 'unacknowledging', 'idle'] as const;
const CASES: readonly (readonly [string, readonly HostileRole[], number])[] = [
  ['nobody', [], DURATION_MS],
  ['a frozen subscriber, a flood', ['frozen', 'flood'], DURATION_MS],
  ['one byte a second, a flood', ['slow', 'flood'], DURATION_MS],
  ['QoS 1 on everything without an acknowledgement, a flood', ['unacknowledging', 'flood'], DURATION_MS],
  ['the same, a flood of QoS 1', ['unacknowledging', 'flood-qos1'], DURATION_MS],
  ['200 idle clients', ['idle'], DURATION_MS],
  ['all five at once, to the last of 100 MB', [...EVERYBODY, 'flood'], WHOLE_FLOOD_MS],
  ['all five at once, 100 MB of QoS 1', [...EVERYBODY, 'flood-qos1'], WHOLE_FLOOD_MS],
];

/**
 * Time of a control message (QoS 1) from one service to another while hostile clients do their worst; a fresh broker for each case.
 * "queued" is how long the broker could have run but other programs had the processors: where that is much, the delays are the machine's.
 */
export async function benchHostileBus(): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const [what, roles, durationMs] of CASES) rows.push(row(what, await measured(roles, durationMs)));
  return { title: 'A hostile bus: control messages among badly behaved clients', rows };
}

async function measured(roles: readonly HostileRole[], durationMs: number): Promise<HostileFigures> {
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
      durationMs,
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
      'ran %': Math.round(figures.brokerRanShare * 100),
      'queued %': Math.round(figures.brokerQueuedShare * 100),
      'flood MB': Math.round(figures.floodSentBytes / 1e6),
      'cut off': figures.clientsEvicted,
      'passed by': figures.messagesShed,
    },
    budget: '0 lost, p99 < 50 ms, peak < before + 150 MB',
  };
}
