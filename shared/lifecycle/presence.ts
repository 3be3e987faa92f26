import type { Bus } from '#shared/bus/bus.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { type Status, status } from '#shared/contract/service.ts';
import { VERSION } from './version.ts';

/** The last will of a service: what the broker says of it when it dies without a goodbye. */
export function offlineStatus(pid: number, startedAtMs: number): Status {
  return { state: 'offline', pid, version: VERSION, startedAt: startedAtMs };
}

/**
 * Says on `SERVICE/status` that this process is there. While two processes of a service overlap in a reload, the one that
 * leaves must not make the service look dead: whoever is online takes an `offline` of another process back at once.
 * Returns the goodbye.
 */
export async function announcePresence(
  bus: Bus,
  service: ServiceName,
  me: { pid: number; startedAtMs: number },
): Promise<() => void> {
  const channel = atTopic(status, { service });
  const online: Status = { state: 'online', pid: me.pid, version: VERSION, startedAt: me.startedAtMs };
  let succeeded = false;
  let leaving = false;
  await bus.subscribe(channel, ({ payload }) => {
    if (payload.pid === me.pid || leaving) return;
    succeeded = payload.state === 'online' && payload.startedAt >= me.startedAtMs;
    if (payload.state === 'offline') bus.publish(channel, online);
  });
  bus.publish(channel, online);
  return () => {
    leaving = true;
    if (!succeeded) bus.publish(channel, offlineStatus(me.pid, me.startedAtMs));
  };
}
