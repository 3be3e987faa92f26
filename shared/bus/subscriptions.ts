import { type Channel, matchTopic } from '#shared/contract/channel.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Message } from './bus.ts';

interface Subscription {
  // biome-ignore lint/suspicious/noExplicitAny: channels of differing payload types in one set
  channel: Channel<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  listener: (message: Message<any>) => void;
}

/** What the bus tells its owner about messages it could not deliver. */
export interface BusReporter {
  badPayload(topic: string, reason: string): void;
  listenerFailed(topic: string, error: unknown): void;
}

/** The listeners of one bus, and the one place where bytes become payloads. */
export class Subscriptions {
  private readonly all = new Set<Subscription>();
  private readonly reporter: BusReporter;

  constructor(reporter: BusReporter) {
    this.reporter = reporter;
  }

  add<Payload>(channel: Channel<Payload>, listener: (message: Message<Payload>) => void): () => void {
    const subscription: Subscription = { channel, listener };
    this.all.add(subscription);
    return () => this.all.delete(subscription);
  }

  /** Each payload is decoded once per listener's channel; a bad one is reported once and dropped. */
  deliver(topic: string, bytes: Uint8Array, retained: boolean): void {
    for (const subscription of [...this.all]) {
      const levels = matchTopic(subscription.channel, topic);
      if (!levels) continue;
      let payload: unknown;
      try {
        payload = subscription.channel.codec.decode(bytes);
      } catch (error) {
        this.reporter.badPayload(topic, messageOf(error));
        return;
      }
      try {
        subscription.listener({ payload, topic, levels, retained });
      } catch (error) {
        this.reporter.listenerFailed(topic, error);
      }
    }
  }
}
