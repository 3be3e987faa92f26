import type { Channel } from '#shared/contract/channel.ts';

export interface Message<Payload> {
  payload: Payload;
  /** Below the prefix. */
  topic: string;
  /** The filled-in levels of a channel with `{name}` in its topic. */
  levels: Record<string, string>;
  /** True for the value the broker kept, delivered because we have just subscribed. */
  retained: boolean;
}

/**
 * The port every service talks through. Bad payloads never reach a listener: the adapter counts and drops them.
 * A listener that throws is logged and counted; it harms no other listener.
 */
export interface Bus {
  /**
   * Hands the payload over; never throws for a broker that is away. QoS 0 is dropped while the broker is away (PCM is
   * repaired by resend), QoS 1 is kept for a few seconds, retained values are published again on every connection.
   */
  publish<Payload>(channel: Channel<Payload>, payload: Payload): void;
  /** Resolves when the broker has confirmed; the returned function ends the subscription. */
  subscribe<Payload>(channel: Channel<Payload>, listener: (message: Message<Payload>) => void): Promise<() => void>;
  readonly connected: boolean;
  /**
   * Called with true on every connection (after a reconnection: when the other clients have had time to subscribe again, so
   * what is published then is heard) and false on every loss; at once with true when that is so already.
   */
  onConnection(listener: (connected: boolean) => void): () => void;
  /** Resolves when everything published so far, and kept while the broker was away, has been acknowledged, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
