import { isDeepStrictEqual } from 'node:util';
import type { Channel } from '#shared/contract/channel.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Bus } from './bus.ts';

/** What this process alone knows, on a retained topic of its own. */
export interface OwnState<Payload> {
  publish(payload: Payload): void;
  /** Until the next `publish` it is somebody else's. */
  leave(): void;
  stop(): void;
}

/** Long enough for our own messages to come back, and for a flood of others to be answered once. */
const TAKE_BACK_MS = 100;

/**
 * Publishes the state of this process, and says it again where somebody else has spoken in its place: others would act on
 * that until the state changes, which may take minutes.
 */
export async function startOwnState<Payload>(
  bus: Bus,
  channel: Channel<Payload>,
  clock: Clock,
): Promise<OwnState<Payload>> {
  /** As it comes back from the bus: without what no message carries. */
  let said: Payload | undefined;
  let seen: Payload | undefined;
  let cancel: (() => void) | undefined;
  const end = await bus.subscribe(channel, ({ payload }) => {
    seen = payload;
    if (said === undefined || isDeepStrictEqual(seen, said)) return;
    cancel ??= clock.after(TAKE_BACK_MS, () => {
      cancel = undefined;
      if (said !== undefined && !isDeepStrictEqual(seen, said)) bus.publish(channel, said);
    });
  });
  return {
    publish(payload) {
      said = channel.codec.decode(channel.codec.encode(payload));
      bus.publish(channel, payload);
    },
    leave() {
      said = undefined;
    },
    stop() {
      cancel?.();
      end();
    },
  };
}
