import type { Bus } from '#shared/bus/bus.ts';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import type { Login } from '#shared/config/credentials.ts';
import { metrics, status } from '#shared/contract/service.ts';
import type { BrokerAddress } from '#shared/lifecycle/broker-url.ts';
import { announcePresence } from '#shared/lifecycle/presence.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import { publishMetrics } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import type { ServiceReport } from './prometheus.ts';

export interface SelfReport {
  /** The broker's own connection to itself: whether it works is what health means. */
  bus: Bus;
  /** The last status and metrics of every service, by name. */
  reports: ReadonlyMap<string, ServiceReport>;
  stop(): Promise<void>;
}

const GOODBYE_MS = 300;

/**
 * The broker as a client of itself, over its own listener: it says `broker/status` and `broker/metrics` the way every
 * service does, and hears those of the others for `/metrics`.
 */
export async function startSelfReport(
  context: ProcessContext,
  login: Login,
  address: BrokerAddress,
  uses: string,
): Promise<SelfReport> {
  const teardown = new Teardown();
  try {
    const startedAtMs = context.clock.nowMs();
    const bus = connectMqttBus({
      ...context,
      ...login,
      ...address,
      clientName: 'broker',
      topicPrefix: context.settings.topicPrefix,
    });
    teardown.add(() => bus.close());
    const reports = new Map<string, ServiceReport>();
    const report = ({ service }: Record<string, string>, news: ServiceReport): void => {
      if (service) reports.set(service, { ...reports.get(service), ...news });
    };
    await bus.subscribe(status, ({ payload, levels }) => report(levels, { status: payload }));
    await bus.subscribe(metrics, ({ payload, levels }) => report(levels, { metrics: payload }));
    const presence = await announcePresence(bus, 'broker', { pid: process.pid, startedAtMs }, uses);
    teardown.add(() => {
      presence.goodbye();
      return bus.flush(GOODBYE_MS);
    });
    teardown.add(publishMetrics('broker', context, bus));
    return { bus, reports, stop: () => teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}
