import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import type { ServiceContext } from './run-service.ts';

/** What a service's tests need: its context on an in-memory hub, a clock they move, and the hub to speak from outside. */
export interface TestContext extends ServiceContext {
  hub: MemoryHub;
  clock: ManualClock;
  /** What the service last said it uses. */
  uses(): string | undefined;
}

/** @param environment settings as in the environment; the rest has its defaults. `fail` throws. */
export function testContext(environment: Record<string, string> = {}, hub = new MemoryHub()): TestContext {
  let uses: string | undefined;
  return {
    hub,
    bus: hub.bus(),
    clock: manualClock(),
    settings: loadSettings(environment),
    log: createLog('test', 'silent'),
    meters: new Meters(),
    describe(now) {
      uses = now;
    },
    uses: () => uses,
    fail(error) {
      throw error;
    },
  };
}
