import { readFileSync } from 'node:fs';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Credentials, loadCredentials } from '#shared/config/credentials.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { ACCOUNTS, type Account, SERVICES } from '#shared/contract/channel.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import { type RunningBroker, startBroker } from './service.ts';

/** As many different ones as the limit allows; see guess-limit.ts. */
const WRONG_PASSWORDS = 10;

/** In no table: the operator's to publish, and for everybody to hear. */
const LAST = 'cortex/over';

interface StatedRights {
  topic: string;
  publishers: ReadonlySet<string>;
  receivers: ReadonlySet<string>;
}

/** The table as people read it, with a topic for each service where it says `{service}`. */
const TOPICS = statedRights(readFileSync('docs/protocol.md', 'utf8'));

function statedRights(page: string): StatedRights[] {
  const table = /<!-- generated:rights -->(.*?)<!-- \/generated -->/s.exec(page)?.[1] ?? '';
  return [...table.matchAll(/^\| `(.+?)` \| (.+?) \| (.+?) \|$/gm)].flatMap(
    ([, template = '', publish = '', receive = '']) => {
      const receivers = new Set<string>(
        ACCOUNTS.filter(
          (account) => receive === 'everybody' || (receive === 'everybody but guests' && account !== 'guest'),
        ),
      );
      const named = publish.split(', ');
      const topic = template.replace('{name}', 'any');
      if (!topic.includes('{service}')) return [{ topic, publishers: new Set(named), receivers }];
      return SERVICES.map((service) => ({
        topic: topic.replace('{service}', service),
        publishers: new Set(named.map((one) => (one === 'each service its own' ? service : one))),
        receivers,
      }));
    },
  );
}

describe('the table of rights, on a socket', () => {
  let broker: RunningBroker;
  let credentials: Credentials;
  let meters: Meters;
  const clients: MqttClient[] = [];

  beforeEach(async () => {
    const stateDir = testFolder();
    const settings = loadSettings({
      CORTEX_MQTT_PORT: '0',
      CORTEX_HTTP_PORT: '0',
      CORTEX_STATE_DIR: stateDir,
    });
    meters = new Meters();
    broker = await startBroker({
      settings,
      log: createLog('broker', 'silent'),
      clock: systemClock(),
      meters,
      fail: (error) => {
        throw error;
      },
    });
    credentials = loadCredentials(settings);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.endAsync(true);
    await broker.stop();
  });

  /** The topics, in order, on which `text` has come when the last message of a test does. */
  function arrivalsAt(client: MqttClient, text: string): Promise<string[]> {
    const arrived: string[] = [];
    return new Promise((resolve) => {
      client.on('message', (topic, payload) => {
        if (payload.toString() === text) arrived.push(topic);
        if (topic === LAST) resolve(arrived);
      });
    });
  }

  async function connect(account: Account, more: IClientOptions = {}): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.mqttPort}`, {
      ...credentials[account],
      clientId: `${account}-${Math.random()}`,
      reconnectPeriod: 0,
      ...more,
    });
    clients.push(client);
    return client;
  }

  it('has every topic of the contract', () => {
    const perService = ALL_CHANNELS.filter(({ topic }) => topic.includes('{service}')).length;
    expect(TOPICS).toHaveLength(ALL_CHANNELS.length + perService * (SERVICES.length - 1));
  });

  it.each(ACCOUNTS)('holds for whatever %s publishes: what it grants arrives, nothing else does', async (account) => {
    const watcher = await connect('operator');
    const arrived = arrivalsAt(watcher, account);
    await watcher.subscribeAsync('cortex/#', { qos: 1 });
    const client = await connect(account);
    for (const { topic } of TOPICS) await client.publishAsync(`cortex/${topic}`, account, { qos: 1 });
    await watcher.publishAsync(LAST, '', { qos: 1 });
    const granted = TOPICS.filter(({ publishers }) => publishers.has(account)).map(({ topic }) => `cortex/${topic}`);
    expect(await arrived).toEqual(granted);
    expect(meters.snapshot(0).counters['publishesRefused'] ?? 0).toBe(TOPICS.length - granted.length);
    expect(client.connected).toBe(true);
  });

  it.each(ACCOUNTS)('holds for whatever %s subscribes to, topic by topic and by wildcard', async (account) => {
    const client = await connect(account);
    const byName = arrivalsAt(client, 'x');
    const granted: string[] = [];
    for (const { topic } of TOPICS) {
      const isGranted = await client.subscribeAsync(`cortex/${topic}`, { qos: 1 }).then(
        () => true,
        () => false,
      );
      if (isGranted) granted.push(`cortex/${topic}`);
    }
    await client.subscribeAsync(LAST, { qos: 1 });
    const everything = await connect(account);
    const byWildcard = arrivalsAt(everything, 'x');
    await everything.subscribeAsync('#', { qos: 1 });
    const operator = await connect('operator');
    for (const { topic } of TOPICS) await operator.publishAsync(`cortex/${topic}`, 'x', { qos: 1 });
    await operator.publishAsync(LAST, '', { qos: 1 });
    const expected = TOPICS.filter(({ receivers }) => receivers.has(account)).map(({ topic }) => `cortex/${topic}`);
    expect(granted).toEqual(expected);
    expect(await byName).toEqual(expected);
    expect(await byWildcard).toEqual(expected);
    expect(meters.snapshot(0).counters['subscriptionsRefused'] ?? 0).toBe(TOPICS.length - expected.length);
  });

  it('holds for what a client leaves as its last will', async () => {
    const watcher = await connect('operator');
    const arrived = arrivalsAt(watcher, 'will');
    const spoken = new Promise((resolve) => watcher.once('message', resolve));
    await watcher.subscribeAsync('cortex/#', { qos: 1 });
    for (const [account, topic] of [
      ['guest', 'cortex/control/privacy'],
      ['vision', 'cortex/control/privacy'],
      ['vision', 'cortex/speaker/status'],
      ['speaker', 'cortex/speaker/status'],
    ] as const) {
      const client = await connect(account, { will: { topic, payload: Buffer.from('will'), qos: 1, retain: true } });
      client.stream.destroy();
    }
    await spoken;
    await expect.poll(() => meters.snapshot(0).counters['publishesRefused']).toBe(3);
    await watcher.publishAsync(LAST, '', { qos: 1 });
    expect(await arrived).toEqual(['cortex/speaker/status']);
  });

  it('is not to be got by guessing: after ten wrong passwords the right one is refused too, and others still get in', async () => {
    for (let n = 0; n < WRONG_PASSWORDS; n += 1) {
      await expect(connect('operator', { password: `guess ${n}` })).rejects.toThrow(/refused/i);
    }
    await expect(connect('operator')).rejects.toThrow(/refused/i);
    expect((await connect('guest')).connected).toBe(true);
  });
});
