import { Socket } from 'node:net';
import mqtt, { type IClientOptions, type ISubscriptionMap, type MqttClient } from 'mqtt';
import { withoutLogin } from '#shared/config/without-login.ts';
import { type Channel, filterOf } from '#shared/contract/channel.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import { LogThrottle } from '#shared/log/log-throttle.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Bus, Message } from './bus.ts';
import { keepPacketsLean } from './lean-packets.ts';
import { Outbox } from './outbox.ts';
import { Subscriptions } from './subscriptions.ts';

export interface MqttBusOptions {
  url: string;
  /** PEM; where given, the broker must show exactly this certificate, whatever names and issuers it bears. */
  certificate?: Buffer;
  username: string;
  password: string;
  /** Names the connection in the broker's log; made unique here, because two processes of a service overlap in a reload. */
  clientName: string;
  topicPrefix: string;
  /** Published retained by the broker when this process dies without saying goodbye. */
  will?: { channel: Channel<unknown>; payload: unknown };
  clock: Clock;
  log: Log;
  meters: Meters;
}

/** A broker on the same machine is back within a second of its restart; asking this often costs nothing and saves the wait. */
const RECONNECT_MS = 200;
/**
 * After a broker's restart its clients come back within RECONNECT_MS of each other, in any order. What was kept meanwhile is
 * sent when the others have had time to subscribe again; sent at once, it would reach nobody.
 */
const RECONNECT_GRACE_MS = 500;
/** A broker that comes back within this still gets what was kept for it when we close. */
const LAST_WORDS_MS = 2 * RECONNECT_MS + RECONNECT_GRACE_MS;
const REFUSED_RECONNECT_MS = 5_000;
/** SUBACK return code of MQTT 3.1.1. */
const SUBSCRIPTION_REFUSED = 128;
/** A CONNACK this late means the broker hangs. */
const CONNECT_TIMEOUT_MS = 5_000;
const KEEPALIVE_S = 10;
/** Beyond this the socket is stuck; PCM and pictures are dropped (and repaired later) rather than piled up. */
const MAX_UNSENT_BYTES = 4_000_000;

/** Connects in the background and for ever. */
export function connectMqttBus(options: MqttBusOptions): Bus {
  keepPacketsLean();
  return new MqttBus(options);
}

class MqttBus implements Bus {
  private readonly options: MqttBusOptions;
  private readonly client: MqttClient;
  private readonly subscriptions: Subscriptions;
  private readonly connectionListeners = new Set<(connected: boolean) => void>();
  private readonly ownRetained = new Map<string, Buffer>();
  /** Retained commands given while the broker was away, by topic: the last word counts, and it is said once. */
  private readonly unsentCommands = new Map<string, Buffer>();
  private readonly outbox = new Outbox();
  /** How many listeners each filter has. */
  private readonly watchers = new Map<string, number>();
  /** Filters whose last listener left while the broker was away; mqtt.js subscribes to them once more on the next connection. */
  private readonly left = new Set<string>();
  /** Unsubscriptions the broker has not confirmed: Aedes may work on one later than on the subscription behind it. */
  private readonly leaving = new Map<string, Promise<void>>();
  /** Of QoS 1: until the broker has it, over as many connections as that takes. */
  private unacknowledged = { count: 0 };
  /** Of QoS 0, on this connection: what is lost with one is never heard of again, not even that it was lost. */
  private unsent = { count: 0 };
  private complainedOf = '';
  private wasConnected = false;
  /** Cancels the grace after a reconnection; undefined when there is none. */
  private graceOver: (() => void) | undefined;

  constructor(options: MqttBusOptions) {
    this.options = options;
    const { meters, log } = options;
    const throttle = new LogThrottle(options.clock);
    this.subscriptions = new Subscriptions({
      badPayload(topic, reason) {
        meters.count('busBadPayloads');
        const heldBack = throttle.due(topic);
        if (heldBack === undefined) return;
        log.warn({ topic, reason: reason.slice(0, 500), moreSinceLast: heldBack }, 'dropped a bad payload');
      },
      listenerFailed(topic, error) {
        meters.count('busListenerFailures');
        log.error({ topic, err: error }, 'a bus listener failed');
      },
    });
    this.client = mqtt.connect(options.url, this.clientOptions());
    this.client.on('connect', () => this.connectionOpened());
    this.client.on('close', () => this.connectionClosed());
    this.client.on('error', (error) => this.complain(error));
    this.client.on('message', (topic, bytes, packet) => {
      const prefix = `${options.topicPrefix}/`;
      if (topic.startsWith(prefix)) this.subscriptions.deliver(topic.slice(prefix.length), bytes, packet.retain);
    });
  }

  get connected(): boolean {
    return this.client.connected;
  }

  publish<Payload>(channel: Channel<Payload>, payload: Payload): void {
    const bytes = channel.codec.encode(payload);
    // A retained command (privacy, volume) belongs to whoever spoke last, so nobody may repeat an old one on a
    // reconnection: it could open the microphone that the user has closed since. The broker keeps those itself.
    if (channel.retain && !channel.command) this.ownRetained.set(channel.topic, bytes);
    const keptBack = this.graceOver !== undefined && channel.qos === 1 && !channel.retain;
    if (!this.client.connected || keptBack) {
      if (channel.retain && channel.command) this.unsentCommands.set(channel.topic, bytes);
      else if (channel.qos === 1 && !channel.retain) {
        this.outbox.keep({ topic: channel.topic, bytes, keptAtMs: this.options.clock.nowMs() });
      } else if (channel.qos === 0) this.options.meters.count('busDroppedWhileAway');
      return;
    }
    if (channel.qos === 0 && this.client.stream.writableLength > MAX_UNSENT_BYTES) {
      this.options.meters.count('busDroppedSlowBroker');
      return;
    }
    this.send(channel.topic, bytes, channel.qos, channel.retain);
  }

  async subscribe<Payload>(
    channel: Channel<Payload>,
    listener: (message: Message<Payload>) => void,
  ): Promise<() => void> {
    const filter = `${this.options.topicPrefix}/${filterOf(channel)}`;
    const others = this.watchers.get(filter) ?? 0;
    this.watchers.set(filter, others + 1);
    const silence = this.subscriptions.add(channel, listener);
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      silence();
      this.leave(filter);
    };
    if (others === 0 || channel.retain) {
      await this.leaving.get(filter);
      if (!(await this.subscribeAtBroker(filter, channel.qos))) {
        end();
        throw new CortexError('bus-rights', `the broker refuses ${this.options.clientName} the topic ${filter}`);
      }
    }
    return end;
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.connectionListeners.add(listener);
    if (this.client.connected && !this.graceOver) listener(true);
    return () => this.connectionListeners.delete(listener);
  }

  async flush(timeoutMs: number): Promise<void> {
    const giveUpAtMs = this.options.clock.nowMs() + timeoutMs;
    const isOnItsWay = () => this.unacknowledged.count > 0 || this.unsent.count > 0 || this.outbox.size > 0;
    while (isOnItsWay() && this.options.clock.nowMs() < giveUpAtMs) {
      await new Promise<void>((resolve) => this.options.clock.after(5, resolve));
    }
  }

  async close(): Promise<void> {
    // The last words of a process that ends beside its broker: where it stopped, for its successor.
    if (this.outbox.size > 0) await this.flush(LAST_WORDS_MS);
    this.graceOver?.();
    // A broker that does not answer must not hold up a shutdown.
    await Promise.race([
      this.client.endAsync(),
      new Promise<void>((resolve) => this.options.clock.after(500, resolve)),
    ]);
    if (!this.client.disconnected) this.client.end(true);
  }

  private clientOptions(): IClientOptions {
    const { options } = this;
    const unique = `${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    return {
      clientId: `${options.clientName}-${unique}`,
      username: options.username,
      password: options.password,
      protocolVersion: 4,
      clean: true,
      keepalive: KEEPALIVE_S,
      reconnectPeriod: RECONNECT_MS,
      reconnectOnConnackError: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
      ...(options.certificate && pinned(options.certificate)),
      ...(options.will && {
        will: {
          topic: `${options.topicPrefix}/${options.will.channel.topic}`,
          payload: options.will.channel.codec.encode(options.will.payload),
          qos: options.will.channel.qos,
          retain: options.will.channel.retain,
        },
      }),
    };
  }

  /** Waits for a connection as often as it takes; false when the broker refuses. mqtt.js renews it on reconnections. */
  private async subscribeAtBroker(filter: string, qos: 0 | 1): Promise<boolean> {
    for (;;) {
      if (!this.client.connected) await new Promise<void>((resolve) => this.client.once('connect', () => resolve()));
      try {
        // `resubscribe`: a second listener asks again to get the retained value, and mqtt.js would skip a filter it has.
        const filters = { [filter]: { qos }, resubscribe: true } as ISubscriptionMap;
        const [grant] = await this.client.subscribeAsync(filters);
        return grant !== undefined && grant.qos <= 2;
      } catch (error) {
        const { packet } = error as { packet?: { granted?: number[] } };
        if (packet?.granted?.includes(SUBSCRIPTION_REFUSED)) return false;
        if (this.client.connected) throw error;
      }
    }
  }

  /** The broker is told with the last listener: pictures nobody looks at would cross the bus for as long as we live. */
  private leave(filter: string): void {
    const others = (this.watchers.get(filter) ?? 1) - 1;
    if (others > 0) {
      this.watchers.set(filter, others);
      return;
    }
    this.watchers.delete(filter);
    if (this.client.connected) this.unsubscribeAtBroker(filter);
    else this.left.add(filter);
  }

  private unsubscribeAtBroker(filter: string): void {
    const ignored = () => undefined; // a lost connection ends subscriptions too
    const leaving = this.client.unsubscribeAsync(filter).then(ignored, ignored);
    this.leaving.set(filter, leaving);
    void leaving.then(() => {
      if (this.leaving.get(filter) === leaving) this.leaving.delete(filter);
    });
  }

  private send(topic: string, bytes: Buffer, qos: 0 | 1, retain: boolean): void {
    const pending = qos === 1 ? this.unacknowledged : this.unsent;
    pending.count += 1;
    this.client.publish(`${this.options.topicPrefix}/${topic}`, bytes, { qos, retain }, () => {
      pending.count -= 1;
    });
  }

  private connectionOpened(): void {
    this.complainedOf = '';
    // mqtt.js leaves Nagle's algorithm on: an interrupt would wait 40 ms for the acknowledgement of the packet before it.
    const { stream } = this.client;
    if (stream instanceof Socket) stream.setNoDelay(true);
    this.client.options.reconnectPeriod = RECONNECT_MS;
    this.options.log.info({ url: withoutLogin(this.options.url) }, 'connected to the broker');
    this.options.meters.count('busConnections');
    for (const filter of this.left) if (!this.watchers.has(filter)) this.unsubscribeAtBroker(filter);
    this.left.clear();
    // A broker that was restarted has forgotten what it retained; whoever owns a value brings it back.
    for (const [topic, bytes] of this.ownRetained) this.send(topic, bytes, 1, true);
    for (const [topic, bytes] of this.unsentCommands) this.send(topic, bytes, 1, true);
    this.unsentCommands.clear();
    if (this.wasConnected) this.graceOver = this.options.clock.after(RECONNECT_GRACE_MS, () => this.sendWhatWasKept());
    else this.sendWhatWasKept();
    this.wasConnected = true;
  }

  private sendWhatWasKept(): void {
    this.graceOver = undefined;
    for (const { topic, bytes } of this.outbox.take(this.options.clock.nowMs())) this.send(topic, bytes, 1, false);
    this.options.meters.gauge('busOutboxDropped', this.outbox.dropped);
    for (const listener of this.connectionListeners) listener(true);
  }

  private connectionClosed(): void {
    this.unsent = { count: 0 };
    this.graceOver?.();
    this.graceOver = undefined;
    for (const listener of this.connectionListeners) listener(false);
  }

  private complain(error: Error): void {
    // A wrong password stays wrong until somebody changes it: ask seldom, or the broker's guess limit shuts us out.
    this.client.options.reconnectPeriod = isRefusal(error) ? REFUSED_RECONNECT_MS : RECONNECT_MS;
    const reason = messageOf(error) || (error as NodeJS.ErrnoException).code || 'unknown reason';
    if (reason === this.complainedOf) return;
    this.complainedOf = reason;
    const refused = isRefusal(error);
    this.options.log.error(
      { url: withoutLogin(this.options.url), reason },
      refused
        ? 'the broker refuses our password: check CORTEX_MQTT_USERNAME and CORTEX_MQTT_PASSWORD (or delete credentials.json in CORTEX_STATE_DIR); trying again'
        : 'no broker at this address: check that it runs, or CORTEX_MQTT_URL, CORTEX_MQTT_HOST and CORTEX_MQTT_PORT; trying again',
    );
  }
}

/** CONNACK return codes of MQTT 3.1.1: 4 bad user name or password, 5 not authorized. */
function isRefusal(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return code === 4 || code === 5;
}

/** TLS options that trust one certificate: the one a device made for itself names no address and no known issuer. */
function pinned(certificate: Buffer): object {
  return { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}
