import mqtt, { type MqttClient } from 'mqtt';
import { type Channel, filterOf, matchTopic } from '#shared/contract/channel.ts';
import { frame } from '#shared/contract/vision.ts';
import { type BusEvent, type DashboardAccount, type DashboardEvent, WATCHED } from './state.ts';

export interface Login {
  username: string;
  password: string;
}

export interface ConnectionOptions {
  login: Login;
  account: DashboardAccount;
  topicPrefix: string;
  onEvent(event: DashboardEvent): void;
  /** A JPEG file, or empty when the camera is blocked. Operators only. */
  onFrame(jpeg: Uint8Array): void;
  /** The broker does not know this name and password. */
  onRefused(): void;
}

export interface Connection {
  /** Sends a command; lost when the connection is. */
  send<Payload>(channel: Channel<Payload>, payload: Payload): void;
  close(): void;
}

const RECONNECT_MS = 1_000;
const KEEPALIVE_S = 15;
const KINDS = Object.entries(WATCHED) as [BusEvent['kind'], Channel<unknown>][];

/** MQTT over WebSocket to the broker that served this page; connects for ever until closed. */
export function connect(options: ConnectionOptions): Connection {
  const { topicPrefix, account, onEvent } = options;
  const client: MqttClient = mqtt.connect(`ws://${window.location.host}/mqtt`, {
    ...options.login,
    clientId: `dashboard-${account}-${Math.random().toString(36).slice(2, 10)}`,
    protocolVersion: 4,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: RECONNECT_MS,
    queueQoSZero: false,
    // The default wants a worker made of a blob, which our content security policy forbids.
    timerVariant: 'native',
  });
  let everConnected = false;

  client.on('connect', () => {
    everConnected = true;
    const channels: Channel<unknown>[] = Object.values(WATCHED);
    for (const channel of account === 'operator' ? [...channels, frame as Channel<unknown>] : channels) {
      client.subscribe(`${topicPrefix}/${filterOf(channel)}`, { qos: channel.qos });
    }
    onEvent({ kind: 'linkChanged', link: 'open', atMs: Date.now() });
  });
  client.on('close', () => onEvent({ kind: 'linkChanged', link: 'lost', atMs: Date.now() }));
  client.on('error', (error) => {
    if (!everConnected && /not authorized|user name/i.test(error.message)) options.onRefused();
  });
  client.on('message', (topic, bytes) => {
    const below = topic.slice(topicPrefix.length + 1);
    if (below === frame.topic) options.onFrame(bytes);
    else deliver(below, bytes, onEvent);
  });

  return {
    send(channel, payload) {
      const { qos, retain } = channel;
      if (client.connected) client.publish(`${topicPrefix}/${channel.topic}`, JSON.stringify(payload), { qos, retain });
    },
    close: () => void client.end(true),
  };
}

function deliver(topic: string, bytes: Uint8Array, onEvent: (event: DashboardEvent) => void): void {
  for (const [kind, channel] of KINDS) {
    const levels = matchTopic(channel, topic);
    if (!levels) continue;
    try {
      const payload = channel.codec.decode(bytes);
      onEvent({ kind, payload, levels, atMs: Date.now() } as BusEvent);
    } catch (error) {
      console.warn(`dropped a bad payload on ${topic}`, error);
    }
  }
}
