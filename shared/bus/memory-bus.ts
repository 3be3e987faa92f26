import { type Channel, matchTopic } from '#shared/contract/channel.ts';
import { keptChannel } from '#shared/contract/kept.ts';
import type { Bus, Message } from './bus.ts';
import { type BusReporter, Subscriptions } from './subscriptions.ts';

const silentReporter: BusReporter = {
  badPayload: () => undefined,
  listenerFailed: (_topic, error) => {
    throw error;
  },
};

/**
 * The broker's in-memory twin: every payload goes through the same codecs, retained values and reconnections behave
 * as on MQTT. Delivery is asynchronous (one microtask) and in order, so that no test passes thanks to a synchronous call.
 */
export class MemoryHub {
  private readonly retained = new Map<string, Buffer>();
  private readonly buses = new Set<MemoryBus>();
  private online = true;

  bus(reporter: BusReporter = silentReporter): Bus {
    const bus = new MemoryBus(this, reporter);
    this.buses.add(bus);
    return bus;
  }

  get connected(): boolean {
    return this.online;
  }

  /**
   * The broker goes away: publications are lost (QoS 0) or kept by their bus (QoS 1), retained values are forgotten but
   * for those the broker writes down.
   */
  disconnect(): void {
    this.online = false;
    for (const topic of this.retained.keys()) if (!keptChannel(topic)) this.retained.delete(topic);
    for (const bus of this.buses) bus.connectionChanged(false);
  }

  reconnect(): void {
    this.online = true;
    for (const bus of this.buses) bus.connectionChanged(true);
  }

  /** Puts raw bytes on a topic, as a stranger would. */
  inject(topic: string, bytes: Buffer, retain = false): void {
    if (retain && bytes.length > 0) this.retained.set(topic, bytes);
    else if (retain) this.retained.delete(topic);
    for (const bus of this.buses) bus.arrived(topic, bytes, false);
  }

  replay<Payload>(channel: Channel<Payload>, bus: MemoryBus): void {
    for (const [topic, bytes] of this.retained) if (matchTopic(channel, topic)) bus.arrived(topic, bytes, true);
  }

  leave(bus: MemoryBus): void {
    this.buses.delete(bus);
  }
}

class MemoryBus implements Bus {
  private readonly hub: MemoryHub;
  private readonly subscriptions: Subscriptions;
  private readonly connectionListeners = new Set<(connected: boolean) => void>();
  private readonly ownRetained = new Map<string, Buffer>();
  private readonly unsentCommands = new Map<string, Buffer>();
  private kept: { topic: string; bytes: Buffer }[] = [];

  constructor(hub: MemoryHub, reporter: BusReporter) {
    this.hub = hub;
    this.subscriptions = new Subscriptions(reporter);
  }

  get connected(): boolean {
    return this.hub.connected;
  }

  publish<Payload>(channel: Channel<Payload>, payload: Payload): void {
    const bytes = channel.codec.encode(payload);
    if (channel.retain && !channel.command) this.ownRetained.set(channel.topic, bytes);
    if (this.hub.connected) this.hub.inject(channel.topic, bytes, channel.retain);
    else if (channel.retain && channel.command) this.unsentCommands.set(channel.topic, bytes);
    else if (channel.qos === 1 && !channel.retain) this.kept.push({ topic: channel.topic, bytes });
  }

  subscribe<Payload>(channel: Channel<Payload>, listener: (message: Message<Payload>) => void): Promise<() => void> {
    const end = this.subscriptions.add(channel, listener);
    this.hub.replay(channel, this);
    return Promise.resolve(end);
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.connectionListeners.add(listener);
    if (this.hub.connected) listener(true);
    return () => this.connectionListeners.delete(listener);
  }

  connectionChanged(connected: boolean): void {
    if (connected) {
      for (const [topic, bytes] of this.ownRetained) this.hub.inject(topic, bytes, true);
      for (const [topic, bytes] of this.unsentCommands) this.hub.inject(topic, bytes, true);
      this.unsentCommands.clear();
      for (const { topic, bytes } of this.kept.splice(0)) this.hub.inject(topic, bytes);
    }
    for (const listener of this.connectionListeners) listener(connected);
  }

  arrived(topic: string, bytes: Buffer, retained: boolean): void {
    queueMicrotask(() => this.subscriptions.deliver(topic, bytes, retained));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.hub.leave(this);
    return Promise.resolve();
  }
}
