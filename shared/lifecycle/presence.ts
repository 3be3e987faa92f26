import type { Bus } from '#shared/bus/bus.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { type Status, status } from '#shared/contract/service.ts';
import { VERSION } from './version.ts';

/** The last will of a service: what the broker says of it when it dies without a goodbye. */
export function offlineStatus(pid: number, startedAtMs: number): Status {
  return { state: 'offline', pid, version: VERSION, startedAt: startedAtMs };
}

export interface Presence {
  /** What the service works with, for `npm run status` and the dashboard; published at once. */
  describe(uses: string): void;
  goodbye(): void;
}

/**
 * Says on `SERVICE/status` that this process is there. While two processes of a service overlap in a reload, the one that
 * leaves must not make the service look dead: whoever is online takes an `offline` of another process back at once.
 */
export async function announcePresence(
  bus: Bus,
  service: ServiceName,
  me: { pid: number; startedAtMs: number },
  uses?: string,
): Promise<Presence> {
  const channel = atTopic(status, { service });
  let online: Status = {
    state: 'online',
    pid: me.pid,
    version: VERSION,
    startedAt: me.startedAtMs,
    ...(uses !== undefined && { uses }),
  };
  let succeeded = false;
  let leaving = false;
  await bus.subscribe(channel, ({ payload }) => {
    if (payload.pid === me.pid || leaving) return;
    succeeded = payload.state === 'online' && payload.startedAt >= me.startedAtMs;
    // A predecessor that still has something to say (what it uses) would otherwise be what is retained when it has gone.
    if (payload.state === 'offline' || payload.startedAt < me.startedAtMs) bus.publish(channel, online);
  });
  bus.publish(channel, online);
  return {
    describe(now) {
      online = { ...online, uses: now };
      // The successor has the word: ours would stand in its place for ever, since it is retained and we are about to go.
      if (!succeeded) bus.publish(channel, online);
    },
    goodbye() {
      leaving = true;
      if (!succeeded) bus.publish(channel, offlineStatus(me.pid, me.startedAtMs));
    },
  };
}
