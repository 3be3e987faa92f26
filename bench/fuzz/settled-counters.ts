import { SERVICES } from '#shared/contract/channel.ts';
import type { Metrics } from '#shared/contract/service.ts';
import type { Watched } from '../../test/integration/harness/watched.ts';

/** The counters of each service when two reports of it in a row say the same number of drops: all there was has been read. */
export async function settledCounters(reports: Watched<Metrics>): Promise<Map<string, Record<string, number>>> {
  const settled = new Map<string, Record<string, number>>();
  const start = reports.seen.length;
  await reports.next(() => {
    for (const service of SERVICES) {
      const [last, former] = reports.seen
        .slice(start)
        .filter(({ levels }) => levels['service'] === service)
        .map(({ payload }) => payload.counters)
        .reverse();
      if (last && former && dropsIn(last) === dropsIn(former)) settled.set(service, last);
    }
    return settled.size === SERVICES.length;
  });
  return settled;
}

/** Payloads the bus of a service could not decode. */
export function dropsIn(counters: Record<string, number> = {}): number {
  return counters['busBadPayloads'] ?? 0;
}
