import type { Clock } from '#shared/time/clock.ts';
import type { Bus } from './bus.ts';

/** Resolves when the broker is there and the other clients have had time to find it again, or after `withinMs`. */
export async function untilConnected(bus: Bus, clock: Clock, withinMs: number): Promise<void> {
  const ends: (() => unknown)[] = [];
  await new Promise<void>((resolve) => {
    ends.push(clock.after(withinMs, resolve));
    ends.push(
      bus.onConnection((connected) => {
        if (connected) resolve();
      }),
    );
  });
  for (const end of ends) end();
}
