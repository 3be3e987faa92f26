import { atTopic } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { stackIsStopping } from '#shared/lifecycle/stop-notice.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';

/**
 * `pm2 restart` ends a process before it starts the next, and signals the same for `pm2 stop`. So a process that is told to
 * leave and sees no successor starts an interim one, which listens until the successor does.
 */
export interface Interim {
  /** Starts one; resolves when it listens along, or when it is not worth waiting for any longer. Undefined: not needed. */
  start?(): Promise<void>;
  /** In an interim process: ends it in good order. */
  leave?(): void;
  /** In an interim process: the process that has started it and listens, whether or not the broker knows of it yet. */
  predecessor?: number;
}

/** From the start of the interim process to its end where nobody comes: a start takes one second, five on a busy machine. */
export const INTERIM_STAY_MS = 8_000;
const LOOK_EVERY_MS = 200;

/** Calls `leave` when a successor is ready, when the whole stack is stopped, or when nobody has come. Returns the stop. */
export async function leaveInTime(
  { bus, clock, log, settings }: Pick<ServiceContext, 'bus' | 'clock' | 'log' | 'settings'>,
  leave: () => void,
): Promise<() => unknown> {
  const teardown = new Teardown();
  const startedAtMs = clock.nowMs();
  let left = false;
  function end(because: string): void {
    if (left) return;
    left = true;
    log.info({ because }, 'interim process leaves');
    void teardown.run();
    leave();
  }
  teardown.add(
    clock.every(LOOK_EVERY_MS, () => {
      const nowMs = clock.nowMs();
      if (stackIsStopping(settings.stateDir, nowMs)) end('the stack is stopped');
      else if (nowMs - startedAtMs > INTERIM_STAY_MS) end('no successor came');
    }),
  );
  teardown.add(
    await bus.subscribe(atTopic(status, { service: 'audio-in' }), ({ payload }) => {
      if (payload.state === 'online' && payload.startedAt > startedAtMs) end('the successor is ready');
    }),
  );
  return () => teardown.run();
}
