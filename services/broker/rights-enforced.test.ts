import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Credentials, loadCredentials } from '#shared/config/credentials.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { ACCOUNTS, type Account } from '#shared/contract/channel.ts';
import { type RightsRow, rightsTable } from '#shared/contract/rights.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import { type RunningBroker, startBroker } from './service.ts';

/** As many different ones as the limit allows; see guess-limit.ts. */
const WRONG_PASSWORDS = 10;

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

  async function connect(account: Account, password = credentials[account].password): Promise<MqttClient> {
    const login = { ...credentials[account], password, clientId: `${account}-${Math.random()}`, reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.mqttPort}`, login);
    clients.push(client);
    return client;
  }

  /** A topic of the row's channel that is the account's own where there is one. */
  const topicFor = ({ topic }: RightsRow, account: Account) =>
    `cortex/${topic.replace('{service}', account).replace(/\{\w+\}/g, 'any')}`;

  const isGranted = ({ publish }: RightsRow, account: Account) =>
    publish.includes(account) ||
    (publish.includes('each service its own') && account !== 'guest' && account !== 'operator');

  it.each(ACCOUNTS)('holds for whatever %s publishes: what it grants arrives, nothing else does', async (account) => {
    const watcher = await connect('operator');
    const arrived: string[] = [];
    const last = new Promise<void>((resolve) => {
      watcher.on('message', (topic, payload) => {
        if (payload.toString() === account) arrived.push(topic);
        if (topic === 'cortex/over') resolve();
      });
    });
    await watcher.subscribeAsync('cortex/#', { qos: 1 });
    const client = await connect(account);
    const granted: string[] = [];
    for (const row of rightsTable()) {
      await client.publishAsync(topicFor(row, account), account, { qos: 1 });
      if (isGranted(row, account)) granted.push(topicFor(row, account));
    }
    await watcher.publishAsync('cortex/over', '', { qos: 1 });
    await last;
    expect(arrived).toEqual(granted);
    expect(meters.snapshot(0).counters['publishesRefused'] ?? 0).toBe(rightsTable().length - granted.length);
    expect(client.connected).toBe(true);
  });

  it('is not to be got by guessing: after ten wrong passwords the right one is refused too, and others still get in', async () => {
    for (let n = 0; n < WRONG_PASSWORDS; n += 1) {
      await expect(connect('operator', `guess ${n}`)).rejects.toThrow(/refused/i);
    }
    await expect(connect('operator')).rejects.toThrow(/refused/i);
    expect((await connect('guest')).connected).toBe(true);
  });
});
