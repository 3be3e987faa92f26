import type { Bus } from '#shared/bus/bus.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import type { Pm2Stack } from '../../test/integration/harness/pm2-stack.ts';

export const DISTURBANCES = ['reload', 'restart', 'SIGKILL'] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

export interface Disturbed {
  /** Of the monotonic clock. */
  atMs: number;
  /** From the signal (or PM2's command, which takes half a second itself) to `online` of the process that stays. */
  recoveryMs: number;
  /** From the end of the old process to `online` of one that does its work, be it an interim one: 0 where they overlap. */
  awayMs: number;
}

/** A process that is not back by then will not come back. */
const GIVE_UP_MS = 20_000;
const LOOK_EVERY_MS = 10;

/** Of the monotonic clock; to LOOK_EVERY_MS. */
async function endOf(pid: number, stopped: () => boolean): Promise<number> {
  while (!stopped()) {
    try {
      process.kill(pid, 0);
    } catch {
      break;
    }
    await pause(LOOK_EVERY_MS);
  }
  return performance.now();
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Disturbs a service; each call resolves when PM2's new process is online, and rejects when none comes. */
export async function disturberOf(
  stack: Pm2Stack,
  bus: Bus,
  service: ServiceName,
  disturbance: Disturbance,
): Promise<() => Promise<Disturbed>> {
  /** Every process of the service that has come online, in the order they did: in a restart of audio-in two, of which one is an interim one. */
  const arrivals: { pid: number; atMs: number }[] = [];
  await bus.subscribe(atTopic(status, { service }), ({ payload: { state, pid } }) => {
    if (state !== 'online' || arrivals.some((arrival) => arrival.pid === pid)) return;
    arrivals.push({ pid, atMs: performance.now() });
  });

  async function arrival(number: number): Promise<{ pid: number; atMs: number }> {
    const startMs = performance.now();
    for (;;) {
      const found = arrivals.at(number);
      if (found) return found;
      if (performance.now() - startMs > GIVE_UP_MS) throw new Error(`${service} did not come back`);
      await pause(LOOK_EVERY_MS);
    }
  }

  await arrival(0);
  return async () => {
    const known = arrivals.length;
    const { pid } = await arrival(-1);
    const atMs = performance.now();
    let over = false;
    const ended = endOf(pid, () => over);
    if (disturbance === 'SIGKILL') process.kill(pid, 'SIGKILL');
    // Comes back when the new process has said that it is ready.
    else await stack.pm2(disturbance, service);
    const first = await arrival(known);
    over = true;
    const awayMs = Math.max(0, first.atMs - (await ended));
    return { atMs, recoveryMs: (await arrival(-1)).atMs - atMs, awayMs };
  };
}
