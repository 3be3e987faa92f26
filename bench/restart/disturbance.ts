import type { Bus } from '#shared/bus/bus.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import type { Pm2Stack } from '../../test/integration/harness/pm2-stack.ts';

/** `restarts`: a command for each service, all at the same moment; `pm2 restart a b` takes one after the other, when the first is ready. */
export const DISTURBANCES = ['reload', 'restart', 'restarts', 'SIGKILL'] as const;
const COMMANDS = { reload: ['reload', '--force'], restarts: ['restart'] } as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** What a disturbance did; of several services the worst. */
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

interface Arrival {
  pid: number;
  atMs: number;
}

/** Every process of a service that comes online, in the order they do: in a restart of audio-in two, of which one is an interim one. */
class Arrivals {
  private readonly seen: Arrival[] = [];
  private readonly service: ServiceName;

  private constructor(service: ServiceName) {
    this.service = service;
  }

  static async of(bus: Bus, service: ServiceName): Promise<Arrivals> {
    const arrivals = new Arrivals(service);
    const { seen } = arrivals;
    await bus.subscribe(atTopic(status, { service }), ({ payload: { state, pid } }) => {
      if (state === 'online' && !seen.some((arrival) => arrival.pid === pid))
        seen.push({ pid, atMs: performance.now() });
    });
    await arrivals.at(0);
    return arrivals;
  }

  get count(): number {
    return this.seen.length;
  }

  async at(number: number): Promise<Arrival> {
    const startMs = performance.now();
    for (;;) {
      const found = this.seen.at(number);
      if (found) return found;
      if (performance.now() - startMs > GIVE_UP_MS) throw new Error(`${this.service} did not come back`);
      await pause(LOOK_EVERY_MS);
    }
  }
}

/** Disturbs services, all at once; each call resolves when PM2's new processes are online, and rejects when one does not come. */
export async function disturberOf(
  stack: Pm2Stack,
  bus: Bus,
  services: readonly ServiceName[],
  disturbance: Disturbance,
): Promise<() => Promise<Disturbed>> {
  const watched = await Promise.all(services.map((service) => Arrivals.of(bus, service)));
  return async () => {
    const before = await Promise.all(
      watched.map(async (arrivals) => ({ arrivals, known: arrivals.count, pid: (await arrivals.at(-1)).pid })),
    );
    const atMs = performance.now();
    let over = false;
    const going = before.map((one) => ({ ...one, ended: endOf(one.pid, () => over) }));
    if (disturbance === 'SIGKILL') for (const { pid } of going) process.kill(pid, 'SIGKILL');
    // Comes back when the new processes have said that they are ready.
    else if (disturbance === 'restart') await stack.pm2('restart', ...services);
    // PM2 reloads one name at a time, and no second one meanwhile unless forced.
    else await Promise.all(services.map((service) => stack.pm2(...COMMANDS[disturbance], service)));
    const first = await Promise.all(going.map(({ arrivals, known }) => arrivals.at(known)));
    over = true;
    const away = await Promise.all(going.map(async ({ ended }, at) => (first[at]?.atMs ?? 0) - (await ended)));
    const last = await Promise.all(watched.map((arrivals) => arrivals.at(-1)));
    return { atMs, recoveryMs: Math.max(...last.map((one) => one.atMs)) - atMs, awayMs: Math.max(0, ...away) };
  };
}
