import { filterMatches } from './topic-filter.ts';

export interface StoredSubscription {
  topic: string;
  qos: number;
}

/** A message (or the second half of a QoS 2 handshake) on its way to one client. */
export interface OutgoingPacket {
  cmd?: string;
  topic?: string;
  payload?: Buffer;
  messageId?: number;
  brokerId?: string;
  brokerCounter?: number;
}

interface Session {
  subscriptions: Map<string, StoredSubscription>;
  queue: { packet: OutgoingPacket; keptAtMs: number }[];
  queueBytes: number;
}

/** The layers of one device, and then some. */
const MAX_SESSIONS = 50;
const MAX_QUEUE_PACKETS = 500;
const MAX_QUEUE_BYTES = 1_000_000;
/** A command or an event of a minute ago belongs to another moment of the conversation. */
const KEEP_MS = 60_000;

/**
 * The sessions of clients that asked for one that outlives their connection (MQTT: clean session 0). Bounded in number, in
 * packets, in bytes and in age; what does not fit is dropped from the old end and counted.
 */
export class ClientSessions {
  dropped = 0;
  /** The one used longest ago comes first. */
  private readonly byClient = new Map<string, Session>();

  subscriptions(clientId: string): StoredSubscription[] {
    return [...(this.byClient.get(clientId)?.subscriptions.values() ?? [])];
  }

  subscribe(clientId: string, subscriptions: readonly StoredSubscription[]): void {
    const session = this.byClient.get(clientId) ?? { subscriptions: new Map(), queue: [], queueBytes: 0 };
    this.byClient.delete(clientId);
    this.byClient.set(clientId, session);
    for (const { topic, qos } of subscriptions) session.subscriptions.set(topic, { topic, qos });
    const oldest = this.byClient.size > MAX_SESSIONS ? this.byClient.keys().next() : undefined;
    if (oldest && !oldest.done) this.forget(oldest.value);
  }

  unsubscribe(clientId: string, filters: readonly string[]): void {
    for (const filter of filters) this.byClient.get(clientId)?.subscriptions.delete(filter);
  }

  forget(clientId: string): void {
    this.dropped += this.byClient.get(clientId)?.queue.length ?? 0;
    this.byClient.delete(clientId);
  }

  /** The clients, connected or not, whose session asks for acknowledged messages on this topic. */
  askingFor(topic: string): { clientId: string; topic: string; qos: number }[] {
    const asking: { clientId: string; topic: string; qos: number }[] = [];
    for (const [clientId, { subscriptions }] of this.byClient) {
      const qos = Math.max(
        0,
        ...[...subscriptions.values()].filter((one) => filterMatches(one.topic, topic)).map((one) => one.qos),
      );
      if (qos > 0) asking.push({ clientId, topic, qos });
    }
    return asking;
  }

  /** Keeps a packet until it is acknowledged. */
  enqueue(clientId: string, packet: OutgoingPacket, nowMs: number): void {
    const session = this.byClient.get(clientId);
    if (!session) return;
    // A copy, because a slice would keep the whole read it was cut from in memory.
    const payload = Buffer.from(packet.payload ?? []);
    session.queue.push({ packet: { ...packet, payload }, keptAtMs: nowMs });
    session.queueBytes += payload.length;
    while (session.queue.length > MAX_QUEUE_PACKETS || session.queueBytes > MAX_QUEUE_BYTES) {
      session.queueBytes -= session.queue.shift()?.packet.payload?.length ?? 0;
      this.dropped += 1;
    }
  }

  /** Gives the kept packet its message id, or puts the next packet of its handshake in its place; false where it is gone. */
  update(clientId: string, packet: OutgoingPacket): boolean {
    const queue = this.byClient.get(clientId)?.queue ?? [];
    for (const entry of queue) {
      const kept = entry.packet;
      if (packet.brokerCounter === undefined) {
        // A PUBREL: it knows its message by the message id alone.
        if (kept.messageId !== packet.messageId) continue;
        entry.packet = packet;
        return true;
      }
      if (kept.brokerId !== packet.brokerId || kept.brokerCounter !== packet.brokerCounter) continue;
      if (packet.messageId !== undefined) kept.messageId = packet.messageId;
      return true;
    }
    return false;
  }

  /** Forgets the packet the client has acknowledged, and returns it. */
  acknowledged(clientId: string, messageId: number | undefined): OutgoingPacket | undefined {
    const session = this.byClient.get(clientId);
    const index = session?.queue.findIndex(({ packet }) => packet.messageId === messageId) ?? -1;
    if (!session || index < 0) return undefined;
    const [entry] = session.queue.splice(index, 1);
    session.queueBytes -= entry?.packet.payload?.length ?? 0;
    return entry?.packet;
  }

  /** What waits for a client that has come back, in order; what is too old is dropped. */
  waiting(clientId: string, nowMs: number): OutgoingPacket[] {
    const session = this.byClient.get(clientId);
    if (!session) return [];
    const fresh = session.queue.filter(({ keptAtMs }) => nowMs - keptAtMs <= KEEP_MS);
    this.dropped += session.queue.length - fresh.length;
    session.queue = fresh;
    session.queueBytes = fresh.reduce((sum, { packet }) => sum + (packet.payload?.length ?? 0), 0);
    return fresh.map(({ packet }) => packet);
  }
}
