import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Bus } from '#shared/bus/bus.ts';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loginFor } from '#shared/config/credentials.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { metrics, status } from '#shared/contract/service.ts';
import { brokerAddress } from './broker-url.ts';
import { announcePresence, offlineStatus, type Presence } from './presence.ts';
import { type ProcessContext, type Running, runProcess } from './run-process.ts';
import { Teardown } from './teardown.ts';

/** What a service gets to work with; tests build one with a MemoryHub's bus and a manual clock. */
export interface ServiceContext extends ProcessContext {
  bus: Bus;
  /** Says what the service works with (device, camera, model), as a person would name it; again whenever it changes. */
  describe(uses: string): void;
}

const METRICS_PERIOD_MS = 5_000;
const GOODBYE_MS = 500;
/** How often the event loop's delay is looked at: each look wakes the process up, and there are six of us. */
const LOOP_LOOK_MS = 50;

/** Runs one service under PM2: a process with a connection to the bus, a last will, a status and metrics. */
export async function runService(
  service: ServiceName,
  start: (context: ServiceContext) => Promise<Running>,
): Promise<void> {
  await runProcess(service, async (context) => {
    const teardown = new Teardown();
    try {
      const startedAtMs = context.clock.nowMs();
      const bus = connectMqttBus({
        ...context,
        ...loginFor(service, context.settings),
        ...brokerAddress(context.settings),
        clientName: service,
        topicPrefix: context.settings.topicPrefix,
        will: { channel: atTopic(status, { service }), payload: offlineStatus(process.pid, startedAtMs) },
      });
      teardown.add(() => bus.close());
      let uses: string | undefined;
      let presence: Presence | undefined;
      function describe(now: string): void {
        uses = now;
        presence?.describe(now);
      }
      const running = await start({ ...context, bus, describe });
      teardown.add(() => running.stop());
      presence = await announcePresence(bus, service, { pid: process.pid, startedAtMs }, uses);
      teardown.add(() => {
        presence?.goodbye();
        return bus.flush(GOODBYE_MS);
      });
      teardown.add(publishMetrics(service, context, bus));
      return { handOver: async () => running.handOver?.(), stop: () => teardown.run() };
    } catch (error) {
      await teardown.run();
      throw error;
    }
  });
}

/** Publishes the meters every five seconds, with the process's own vital signs. Returns the stop. */
export function publishMetrics(service: ServiceName, { clock, meters }: ProcessContext, bus: Bus): () => void {
  const channel = atTopic(metrics, { service });
  const delay = monitorEventLoopDelay({ resolution: LOOP_LOOK_MS });
  delay.enable();
  const cancel = clock.every(METRICS_PERIOD_MS, () => {
    meters.gauge('rssBytes', process.memoryUsage.rss());
    // Node counts from one look to the next.
    meters.gauge('eventLoopDelayP99Ms', Math.max(0, delay.percentile(99) / 1e6 - LOOP_LOOK_MS));
    delay.reset();
    bus.publish(channel, meters.snapshot(clock.nowMs()));
  });
  return () => {
    cancel();
    delay.disable();
  };
}
