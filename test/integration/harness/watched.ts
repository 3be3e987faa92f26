import type { Bus, Message } from '#shared/bus/bus.ts';
import type { Channel } from '#shared/contract/channel.ts';

/** Everything that comes on a channel, with waiting for what a test is after. */
export class Watched<Payload> {
  readonly seen: Message<Payload>[] = [];
  private readonly waiting = new Set<(payload: Payload) => void>();

  static async on<Payload>(bus: Bus, channel: Channel<Payload>): Promise<Watched<Payload>> {
    const watched = new Watched<Payload>();
    await bus.subscribe(channel, (message) => {
      watched.seen.push(message);
      for (const wait of watched.waiting) wait(message.payload);
    });
    return watched;
  }

  /** Resolves with the first payload, past or future, that matches. */
  next(matches: (payload: Payload) => boolean): Promise<Payload> {
    return new Promise((resolve) => {
      const past = this.seen.find(({ payload }) => matches(payload));
      if (past) return resolve(past.payload);
      const wait = (payload: Payload) => {
        if (!matches(payload)) return;
        this.waiting.delete(wait);
        resolve(payload);
      };
      this.waiting.add(wait);
    });
  }
}
