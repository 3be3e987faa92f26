import { Readable } from 'node:stream';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { ClientSessions, type OutgoingPacket, type StoredSubscription } from './client-sessions.ts';
import { filterMatches } from './topic-filter.ts';

interface StoredPacket {
  topic: string;
  payload: Buffer;
  messageId?: number;
  brokerId?: string;
  clientId?: string;
}

interface ClientId {
  id: string;
}

/** A device has some fifty retained topics; more than this is a mistake of some layer. */
const MAX_RETAINED_TOPICS = 1_000;
/** Those fifty are a quarter of a megabyte, nearly all of it the picture. */
const MAX_RETAINED_BYTES = 16_000_000;

/**
 * What Aedes remembers, in memory: retained values, wills, half-finished QoS 2 handshakes and the sessions of absent clients,
 * each bounded. Its methods are the ones Aedes calls.
 *
 * The steps of a publish answer *at once* and not by a promise. Aedes numbers each message when its publish begins and
 * drops, as a duplicate, whatever reaches a client after a higher number. With the store it brings along a retained message waits a
 * tick for its promise; one that is not retained does not wait, overtakes it, and the retained one is lost.
 */
export class BrokerMemory {
  private readonly retained = new Map<string, StoredPacket>();
  private retainedBytes = 0;
  private readonly wills = new Map<string, StoredPacket>();
  /** By client, the ids of messages that have been passed on and not been released: Aedes only asks whether it had one. */
  private readonly incoming = new Map<string, Set<number>>();
  private readonly sessions = new ClientSessions();
  private readonly meters: Meters;
  private readonly clock: Clock;
  private brokerId = '';

  constructor({ meters, clock }: { meters: Meters; clock: Clock }) {
    this.meters = meters;
    this.clock = clock;
  }

  async setup({ id }: { id: string }): Promise<void> {
    this.brokerId = id;
  }

  storeRetained(packet: StoredPacket): AtOnce<void> {
    const before = this.retained.get(packet.topic);
    const bytes = this.retainedBytes + packet.payload.length - (before?.payload.length ?? 0);
    if (packet.payload.length === 0) this.retained.delete(packet.topic);
    else if (bytes <= MAX_RETAINED_BYTES && (before || this.retained.size < MAX_RETAINED_TOPICS)) {
      this.retained.set(packet.topic, { ...packet });
    } else {
      this.meters.count('retainedOverLimit');
      return atOnce(undefined);
    }
    this.retainedBytes = bytes;
    return atOnce(undefined);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    const matching = [...this.retained.values()].filter(({ topic }) =>
      filters.some((filter) => filterMatches(filter, topic)),
    );
    return Readable.from(matching);
  }

  subscriptionsByTopic(topic: string): AtOnce<{ clientId: string }[]> {
    return atOnce(this.sessions.askingFor(topic));
  }

  outgoingEnqueueCombi(subscribers: readonly { clientId: string }[], packet: OutgoingPacket): AtOnce<void> {
    for (const { clientId } of subscribers) this.sessions.enqueue(clientId, packet, this.clock.nowMs());
    this.meters.gauge('sessionMessagesDropped', this.sessions.dropped);
    return atOnce(undefined);
  }

  async addSubscriptions({ id }: ClientId, subscriptions: readonly StoredSubscription[]): Promise<void> {
    this.sessions.subscribe(id, subscriptions);
  }

  async removeSubscriptions({ id }: ClientId, filters: readonly string[]): Promise<void> {
    this.sessions.unsubscribe(id, filters);
  }

  async subscriptionsByClient({ id }: ClientId): Promise<StoredSubscription[]> {
    return this.sessions.subscriptions(id);
  }

  async cleanSubscriptions({ id }: ClientId): Promise<void> {
    this.sessions.forget(id);
  }

  async outgoingUpdate({ id }: ClientId, packet: OutgoingPacket): Promise<void> {
    this.sessions.update(id, packet);
  }

  async outgoingClearMessageId({ id }: ClientId, { messageId }: OutgoingPacket): Promise<OutgoingPacket | undefined> {
    return this.sessions.acknowledged(id, messageId);
  }

  outgoingStream({ id }: ClientId): Readable {
    return Readable.from(this.sessions.waiting(id, this.clock.nowMs()));
  }

  async incomingStorePacket({ id }: ClientId, { messageId = 0 }: StoredPacket): Promise<void> {
    const messageIds = this.incoming.get(id) ?? new Set<number>();
    this.incoming.set(id, messageIds.add(messageId));
  }

  async incomingGetPacket({ id }: ClientId, { messageId = 0 }: StoredPacket): Promise<{ messageId: number }> {
    if (!this.incoming.get(id)?.has(messageId)) throw new Error('no such packet');
    return { messageId };
  }

  async incomingDelPacket({ id }: ClientId, { messageId = 0 }: StoredPacket): Promise<void> {
    if (!this.incoming.get(id)?.delete(messageId)) throw new Error('no such packet');
  }

  async cleanIncoming({ id }: ClientId): Promise<void> {
    this.incoming.delete(id);
  }

  async putWill({ id }: ClientId, will: StoredPacket): Promise<void> {
    this.wills.set(id, Object.assign(will, { brokerId: this.brokerId, clientId: id }));
  }

  async delWill({ id }: ClientId): Promise<StoredPacket | undefined> {
    const will = this.wills.get(id);
    this.wills.delete(id);
    return will;
  }

  /** Wills of other brokers of a cluster; there is none. */
  streamWill(): Readable {
    return Readable.from([]);
  }
}

/** A promise-like that calls back within `then`. */
interface AtOnce<Value> {
  then(done: (value: Value) => void): void;
}

function atOnce<Value>(value: Value): AtOnce<Value> {
  // biome-ignore lint/suspicious/noThenProperty: Aedes asks for `then`, and a promise would answer too late
  return { then: (done) => done(value) };
}
