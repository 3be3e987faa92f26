import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { Connections } from './connections.ts';

/** A socket whose other end takes nothing. */
function frozenSocket(): Duplex {
  return new Duplex({ read: () => undefined, write: () => undefined });
}

/** PUBLISH on `t`, QoS 0, with this much payload (below 124 bytes). */
function publish(payloadBytes: number): Buffer {
  return Buffer.concat([Buffer.from([0x30, payloadBytes + 3, 0, 1, 0x74]), Buffer.alloc(payloadBytes)]);
}

it.each([
  ['reads nothing for ten seconds', 300, 11_000],
  ['lets very much pile up', 70_000, 0],
])('counts what a client that %s loses when it is cut off', async (_what, packets, waitMs) => {
  const clock = manualClock();
  const meters = new Meters();
  const connections = new Connections({ clock, meters, log: createLog('broker', 'silent') });
  const connection = connections.accept(frozenSocket());
  connection?.on('error', () => undefined);
  const closed = new Promise((resolve) => connection?.once('close', resolve));
  let written = 0;
  for (; written < packets && !connection?.destroyed; written += 1) connection?.write(publish(40));
  clock.advance(waitMs);
  await closed;
  const { counters } = meters.snapshot(0);
  expect(counters['clientsEvicted']).toBe(1);
  // The one that finds the queue full is not in it.
  const lost = counters['packetsCutOff'] ?? 0;
  expect(lost).toBe(waitMs > 0 ? written : written - 1);
  connections.stop();
});
