import type { MqttClient } from 'mqtt';
import type { Bus } from '#shared/bus/bus.ts';
import { filterOf, SERVICES } from '#shared/contract/channel.ts';
import { metrics, status } from '#shared/contract/service.ts';
import type { Pm2Stack } from '../../test/integration/harness/pm2-stack.ts';
import { Watched } from '../../test/integration/harness/watched.ts';
import type { DropLedger } from './drop-ledger.ts';

/** What Aedes says of each subscription, on `$SYS/ID/new/subscribes` and `…/unsubscribes`. */
interface SubscriptionNews {
  clientId: string;
  subs: readonly (string | { topic: string })[];
}

/** Every service starts once more while somebody notes what it subscribes to. */
export async function learnSubscriptions(
  stack: Pm2Stack,
  bus: Bus,
  stranger: MqttClient,
  ledger: DropLedger,
): Promise<void> {
  await noteSubscriptions(stranger, ledger);
  // The broker's own bus was there before anybody could note it; see its self-report.ts.
  ledger.subscribed('broker:itself', [filterOf(status), filterOf(metrics)]);
  const services = SERVICES.filter((service) => service !== 'broker');
  const former = new Set((await stack.processes()).map(({ pid }) => pid));
  const statuses = await Watched.on(bus, status);
  await stack.pm2('restart', ...services);
  for (const service of services) {
    await statuses.next(() =>
      statuses.seen.some(
        ({ payload, levels }) =>
          levels['service'] === service && payload.state === 'online' && !former.has(payload.pid),
      ),
    );
  }
}

/** From now on, as the broker reports it: it knows better than any list of ours. */
async function noteSubscriptions(stranger: MqttClient, ledger: DropLedger): Promise<void> {
  stranger.on('message', (topic, payload) => {
    const kind = /^\$SYS\/[^/]+\/new\/(subscribes|unsubscribes)$/.exec(topic)?.[1];
    if (!kind) return;
    const { clientId, subs } = JSON.parse(payload.toString()) as SubscriptionNews;
    const filters = subs
      .map((sub) => (typeof sub === 'string' ? sub : sub.topic))
      .filter((filter) => filter.startsWith('cortex/'))
      .map((filter) => filter.slice('cortex/'.length));
    if (kind === 'subscribes') ledger.subscribed(clientId, filters);
    else ledger.unsubscribed(clientId, filters);
  });
  await stranger.subscribeAsync(['$SYS/+/new/subscribes', '$SYS/+/new/unsubscribes']);
}
