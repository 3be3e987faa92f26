import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import type { Bus } from '#shared/bus/bus.ts';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import type { Account } from '#shared/contract/channel.ts';
import { privacy } from '#shared/contract/control.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';
import { type RunningBroker, startBroker } from './service.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function freshFolder(): string {
  return testFolder();
}

async function start(stateDir: string, more: Record<string, string> = {}): Promise<RunningBroker> {
  const broker = await startBroker({
    settings: loadSettings({ CORTEX_MQTT_PORT: '0', CORTEX_HTTP_PORT: '0', CORTEX_STATE_DIR: stateDir, ...more }),
    log: createLog('broker', 'silent'),
    clock: systemClock(),
    meters: new Meters(),
    fail: (error) => {
      throw error;
    },
  });
  cleanups.push(() => broker.stop());
  return broker;
}

async function connect(url: string, stateDir: string, account: Account, password?: string): Promise<MqttClient> {
  const login = JSON.parse(readFileSync(join(stateDir, 'credentials.json'), 'utf8'))[account];
  const client = await mqtt.connectAsync(url, {
    ...login,
    ...(password !== undefined && { password }),
    reconnectPeriod: 0,
    clientId: `${account}-${Math.random()}`,
  });
  cleanups.push(() => client.endAsync(true));
  return client;
}

/** Every message, in order; `arrived` resolves once one of the topic is there. */
function inbox(client: MqttClient) {
  const seen: { topic: string; text: string; retained: boolean }[] = [];
  const waiting = new Set<() => void>();
  client.on('message', (topic, payload, packet) => {
    seen.push({ topic, text: payload.toString(), retained: packet.retain });
    for (const check of waiting) check();
  });
  return {
    seen,
    arrived: (topic: string) =>
      new Promise<(typeof seen)[number]>((resolve) => {
        const check = () => {
          const found = seen.find((message) => message.topic === topic);
          if (found) resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** CONNECT with a clean session. */
function mqttConnect({ username, password }: { username: string; password: string }): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const body = Buffer.concat([
    Buffer.from([0, 4, ...Buffer.from('MQTT'), 4, 0xc2, 0, 60]),
    text('fuzz'),
    text(username),
    text(password),
  ]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

function connected(bus: Bus, wanted: boolean): Promise<void> {
  return new Promise((resolve) => {
    bus.onConnection((is) => is === wanted && resolve());
    if (bus.connected === wanted) resolve();
  });
}

const blocked = '{"microphone":true,"camera":true}';

describe('the broker', () => {
  it('carries a command from the operator to a service', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const speaker = await connect(url, folder, 'speaker');
    const box = inbox(speaker);
    await speaker.subscribeAsync('cortex/control/interrupt', { qos: 1 });
    const operator = await connect(url, folder, 'operator');
    await operator.publishAsync('cortex/control/interrupt', 'now', { qos: 1 });
    expect((await box.arrived('cortex/control/interrupt')).text).toBe('now');
  });

  it.each([
    ['without a name', { username: undefined, password: undefined }],
    ['with a wrong password', { username: 'operator', password: 'wrong' }],
  ])('refuses a client %s', async (_what, login) => {
    const { mqttPort } = await start(freshFolder());
    const attempt = mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { ...login, reconnectPeriod: 0 } as object);
    await expect(attempt).rejects.toThrow(/refused/i);
  });

  it('lets no client end or inherit the connection of another account by its client id', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const credentials = JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8'));
    const same = { clientId: 'one', clean: false, reconnectPeriod: 0 };
    const speaker = await mqtt.connectAsync(url, { ...credentials.speaker, ...same });
    cleanups.push(() => speaker.endAsync(true));
    await speaker.subscribeAsync('cortex/#', { qos: 1 });
    const guest = await mqtt.connectAsync(url, { ...credentials.guest, ...same });
    cleanups.push(() => guest.endAsync(true));
    const box = inbox(guest);
    await guest.subscribeAsync('cortex/layer9/end', { qos: 1 });
    const operator = await connect(url, folder, 'operator');
    await operator.publishAsync('cortex/control/interrupt', 'x', { qos: 1 });
    await operator.publishAsync('cortex/layer9/end', 'x', { qos: 1 });
    await box.arrived('cortex/layer9/end');
    expect(box.seen.map(({ topic }) => topic)).toEqual(['cortex/layer9/end']);
    expect(speaker.connected).toBe(true);
  });

  it('keeps acknowledged messages for a layer that is away and has asked for it', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const { operator } = JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8'));
    const kept = { ...operator, clientId: 'layer', clean: false, reconnectPeriod: 0 };
    const before = await mqtt.connectAsync(url, kept);
    await before.subscribeAsync('cortex/layer1/request', { qos: 1 });
    await before.endAsync();
    const router = await connect(url, folder, 'router');
    await router.publishAsync('cortex/layer1/request', 'how many?', { qos: 1 });
    const after = mqtt.connect(url, kept);
    cleanups.push(() => after.endAsync(true));
    expect((await inbox(after).arrived('cortex/layer1/request')).text).toBe('how many?');
  });

  it('loses no message to another one that was published right behind it', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const watcher = await connect(url, folder, 'operator');
    const box = inbox(watcher);
    await watcher.subscribeAsync('cortex/#', { qos: 1 });
    const thinker = await connect(url, folder, 'thinker');
    for (let n = 0; n < 50; n += 1) {
      thinker.publish('cortex/thinker/session', `${n}`, { qos: 1, retain: true });
      thinker.publish('cortex/thinker/turn', `${n}`, { qos: 1 });
      thinker.publish('cortex/thinker/status', `${n}`, { qos: 0, retain: true });
      thinker.publish('cortex/thinker/audio', `${n}`, { qos: 0 });
    }
    await thinker.publishAsync('cortex/thinker/transcript', 'end', { qos: 1 });
    await box.arrived('cortex/thinker/transcript');
    for (const name of ['session', 'turn', 'status', 'audio']) {
      const texts = box.seen.filter(({ topic }) => topic === `cortex/thinker/${name}`).map(({ text }) => text);
      expect(texts, name).toEqual(Array.from({ length: 50 }, (_unused, n) => `${n}`));
    }
  });

  it('speaks for a client that died, and not for one that said goodbye', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const credentials = JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8'));
    const watcher = await connect(url, folder, 'guest');
    const box = inbox(watcher);
    await watcher.subscribeAsync('cortex/+/status', { qos: 1 });
    for (const [account, farewell] of [
      ['vision', 'politely'],
      ['speaker', 'dead'],
    ] as const) {
      const client = await mqtt.connectAsync(url, {
        ...credentials[account],
        reconnectPeriod: 0,
        will: { topic: `cortex/${account}/status`, payload: Buffer.from('gone'), qos: 1, retain: true },
      });
      if (farewell === 'dead') client.stream.destroy();
      else await client.endAsync();
    }
    await box.arrived('cortex/speaker/status');
    expect(box.seen.map(({ topic }) => topic)).not.toContain('cortex/vision/status');
  });

  it('drops what a camera layer publishes on control/privacy, and keeps its connection', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const watcher = await connect(url, folder, 'operator');
    const box = inbox(watcher);
    await watcher.subscribeAsync('cortex/#', { qos: 1 });
    const vision = await connect(url, folder, 'vision');
    await vision.publishAsync('cortex/control/privacy', '{"microphone":false,"camera":false}', {
      qos: 1,
      retain: true,
    });
    await vision.publishAsync('cortex/vision/frame', 'picture');
    await box.arrived('cortex/vision/frame');
    expect(box.seen.map((message) => message.topic)).not.toContain('cortex/control/privacy');
  });

  it('keeps microphone and camera from a guest who subscribes to everything', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const operator = await connect(url, folder, 'operator');
    await operator.publishAsync('cortex/vision/frame', 'retained picture', { qos: 1, retain: true });
    const guest = await connect(url, folder, 'guest');
    const box = inbox(guest);
    await guest.subscribeAsync('cortex/#', { qos: 1 });
    for (const topic of ['vision/frame', 'audio-in/pcm', 'thinker/transcript']) {
      await operator.publishAsync(`cortex/${topic}`, 'x', { qos: 1 });
    }
    await box.arrived('cortex/thinker/transcript');
    const topics = box.seen.map((message) => message.topic);
    expect(topics).not.toContain('cortex/vision/frame');
    expect(topics).not.toContain('cortex/audio-in/pcm');
  });

  it('refuses a guest the camera by name', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const guest = await connect(`mqtt://127.0.0.1:${mqttPort}`, folder, 'guest');
    await expect(guest.subscribeAsync('cortex/vision/frame')).rejects.toThrow();
  });

  it('brings the privacy the user chose back after a restart', async () => {
    const folder = freshFolder();
    const first = await start(folder);
    const operator = await connect(`mqtt://127.0.0.1:${first.mqttPort}`, folder, 'operator');
    await operator.publishAsync('cortex/control/privacy', blocked, { qos: 1, retain: true });
    await first.stop();
    const second = await start(folder);
    const service = await connect(`mqtt://127.0.0.1:${second.mqttPort}`, folder, 'audio-in');
    const box = inbox(service);
    await service.subscribeAsync('cortex/control/privacy', { qos: 1 });
    expect(await box.arrived('cortex/control/privacy')).toMatchObject({ text: blocked, retained: true });
  });

  it('brings the switches back after a restart', async () => {
    const folder = freshFolder();
    const first = await start(folder);
    const operator = await connect(`mqtt://127.0.0.1:${first.mqttPort}`, folder, 'operator');
    const obeying = inbox(operator);
    const switched = { 'cortex/control/volume': '{"volume":0.3}', 'cortex/control/settings': '{"minSpeechMs":300}' };
    await operator.subscribeAsync('cortex/control/#', { qos: 1 });
    for (const [topic, payload] of Object.entries(switched)) {
      await operator.publishAsync(topic, payload, { qos: 1, retain: true });
      await obeying.arrived(topic);
    }
    await first.stop();
    const second = await start(folder);
    const service = await connect(`mqtt://127.0.0.1:${second.mqttPort}`, folder, 'audio-in');
    const box = inbox(service);
    await service.subscribeAsync(['cortex/control/volume', 'cortex/control/settings'], { qos: 1 });
    for (const [topic, text] of Object.entries(switched)) {
      expect(await box.arrived(topic)).toMatchObject({ text, retained: true });
    }
  });

  it('keeps what the user chose last, though a service that had said otherwise reconnects', async () => {
    const folder = freshFolder();
    const first = await start(folder);
    const url = `mqtt://127.0.0.1:${first.mqttPort}`;
    const credentials = JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8'));
    const router = connectMqttBus({
      ...credentials.router,
      url,
      clientName: 'router',
      topicPrefix: 'cortex',
      clock: systemClock(),
      log: createLog('router', 'silent'),
      meters: new Meters(),
    });
    cleanups.push(() => router.close());
    await connected(router, true);
    router.publish(privacy, { microphone: false, camera: false });
    await router.flush(1_000);
    const operator = await connect(url, folder, 'operator');
    await operator.publishAsync('cortex/control/privacy', blocked, { qos: 1, retain: true });
    await first.stop();
    await connected(router, false);
    await start(folder, { CORTEX_MQTT_PORT: String(first.mqttPort) });
    await connected(router, true);
    await router.flush(1_000);
    const service = await connect(url, folder, 'audio-in');
    const box = inbox(service);
    await service.subscribeAsync('cortex/control/privacy', { qos: 1 });
    expect(await box.arrived('cortex/control/privacy')).toMatchObject({ text: blocked, retained: true });
  });

  it('lets no rubbish take the place of the retained privacy', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const operator = await connect(url, folder, 'operator');
    await operator.publishAsync('cortex/control/privacy', blocked, { qos: 1, retain: true });
    await operator.publishAsync('cortex/control/privacy', '{"microphone":"rubbish"}', { qos: 1, retain: true });
    await operator.publishAsync('cortex/control/privacy', '', { qos: 1, retain: true });
    const service = await connect(url, folder, 'audio-in');
    const box = inbox(service);
    await service.subscribeAsync('cortex/control/privacy', { qos: 1 });
    expect((await box.arrived('cortex/control/privacy')).text).toBe(blocked);
  });

  it('starts with microphone and camera blocked when its file is damaged, and lets the speaker say so', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'retained.json'), '{"version":1,"val');
    const { mqttPort } = await start(folder);
    const speaker = await connect(`mqtt://127.0.0.1:${mqttPort}`, folder, 'speaker');
    const box = inbox(speaker);
    await speaker.subscribeAsync(['cortex/control/privacy', 'cortex/speaker/alert'], { qos: 1 });
    expect(await box.arrived('cortex/control/privacy')).toMatchObject({ text: blocked, retained: true });
    expect((await box.arrived('cortex/speaker/alert')).text).toContain('Microphone and camera are blocked');
  });

  it('keeps an alert for a speaker that is being restarted', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    const router = await connect(url, folder, 'router');
    const predecessor = await connect(url, folder, 'speaker');
    await predecessor.subscribeAsync('cortex/speaker/alert', { qos: 1 });
    await predecessor.endAsync();
    await router.publishAsync('cortex/speaker/alert', 'mind the step', { qos: 1 });
    const successor = await connect(url, folder, 'speaker');
    const box = inbox(successor);
    await successor.subscribeAsync('cortex/speaker/alert', { qos: 1 });
    expect(await box.arrived('cortex/speaker/alert')).toMatchObject({ text: 'mind the step', retained: false });
  });

  it('says on its own topic that it is there', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const guest = await connect(`mqtt://127.0.0.1:${mqttPort}`, folder, 'guest');
    const box = inbox(guest);
    await guest.subscribeAsync('cortex/broker/status', { qos: 1 });
    expect(JSON.parse((await box.arrived('cortex/broker/status')).text)).toMatchObject({ state: 'online' });
  });

  it('speaks TLS beyond loopback, to clients that know its certificate', async () => {
    const folder = freshFolder();
    const { cert, key } = selfSignedCertificate('a device', Date.now());
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
    const { mqttPort } = await start(folder, {
      CORTEX_MQTT_HOST: '0.0.0.0',
      CORTEX_MQTT_TLS_CERT: join(folder, 'cert.pem'),
      CORTEX_MQTT_TLS_KEY: join(folder, 'key.pem'),
      CORTEX_MQTT_USERNAME: 'me',
      CORTEX_MQTT_PASSWORD: 'my own',
    });
    const login = { username: 'me', password: 'my own', reconnectPeriod: 0 };
    const url = `mqtts://127.0.0.1:${mqttPort}`;
    const trusting = { ...login, ca: cert, checkServerIdentity: () => undefined };
    const client = await mqtt.connectAsync(url, trusting);
    cleanups.push(() => client.endAsync(true));
    const box = inbox(client);
    await client.subscribeAsync('cortex/broker/status');
    expect((await box.arrived('cortex/broker/status')).text).toContain('online');
    await expect(mqtt.connectAsync(url, login)).rejects.toThrow(/certificate/);
    const other = selfSignedCertificate('a device', Date.now()).cert;
    await expect(mqtt.connectAsync(url, { ...login, ca: other })).rejects.toThrow(/certificate/);
  });

  it('names port and setting when the port is taken', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    await expect(start(folder, { CORTEX_MQTT_PORT: String(mqttPort) })).rejects.toThrow(
      new RegExp(`port ${mqttPort} .*CORTEX_MQTT_PORT`),
    );
  });

  it('carries MQTT over WebSocket, and answers health and metrics', async () => {
    const folder = freshFolder();
    const { httpPort } = await start(folder);
    const guest = await connect(`ws://127.0.0.1:${httpPort}/mqtt`, folder, 'guest');
    const box = inbox(guest);
    await guest.subscribeAsync('cortex/broker/status');
    await box.arrived('cortex/broker/status');
    const health = await fetch(`http://127.0.0.1:${httpPort}/healthz`);
    expect(health.status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    expect(metrics).toContain('cortex_service_up{service="broker"} 1');
  });

  it('outlives whatever bytes are thrown at its port', async () => {
    const folder = freshFolder();
    const { mqttPort } = await start(folder);
    const { operator } = JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8'));
    const valid = [
      Buffer.from([
        0x10,
        0x18,
        0,
        4,
        ...Buffer.from('MQTT'),
        4,
        0xc2,
        0,
        60,
        0,
        2,
        0x61,
        0x62,
        0,
        4,
        1,
        2,
        3,
        4,
        0,
        2,
        5,
        6,
      ]),
      mqttConnect(operator),
      Buffer.from([0x82, 8, 0, 1, 0, 3, 0x61, 0x2f, 0x23, 1]),
      Buffer.from([0x32, 9, 0, 3, 0x61, 0x2f, 0x62, 0, 2, 0x78, 0x79]),
      Buffer.from([0x34, 9, 0, 3, 0x61, 0x2f, 0x62, 0, 3, 0x78, 0x79]),
      Buffer.from([0x62, 2, 0, 3]),
      Buffer.from([0xa2, 7, 0, 9, 0, 3, 0x61, 0x2f, 0x23]),
      Buffer.from([0xc0, 0]),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...valid), fc.nat(40), fc.option(fc.nat(255))), { maxLength: 12 }),
        fc.uint8Array({ maxLength: 200 }),
        async (packets, rubbish) => {
          const socket = createConnection(mqttPort, '127.0.0.1');
          socket.on('error', () => undefined);
          socket.write(mqttConnect(operator));
          for (const [packet, index, replacement] of packets) {
            const mutated = Buffer.from(packet);
            if (replacement !== null && index < mutated.length) mutated[index] = replacement;
            socket.write(mutated);
          }
          socket.end(rubbish);
          socket.resume();
          await new Promise((resolve) => socket.on('close', resolve));
        },
      ),
      { numRuns: 100 },
    );
    const client = await connect(`mqtt://127.0.0.1:${mqttPort}`, folder, 'operator');
    const box = inbox(client);
    await client.subscribeAsync('cortex/still/here');
    await client.publishAsync('cortex/still/here', 'yes');
    expect((await box.arrived('cortex/still/here')).text).toBe('yes');
  });

  it.each([
    ['from a foreign page', '/mqtt', 'Origin: http://elsewhere.example', '403'],
    ['without the sub-protocol', '/mqtt', 'Sec-WebSocket-Protocol: chat', '400'],
    ['on another path', '/other', 'Sec-WebSocket-Protocol: mqtt', '404'],
  ])('refuses a WebSocket %s, and survives its reset', async (_what, path, header, code) => {
    const { httpPort } = await start(freshFolder());
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost:${httpPort}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${header}\r\n\r\n`;
    const polite = createConnection(httpPort, '127.0.0.1', () => polite.write(request));
    const [answer] = (await once(polite, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
    polite.destroy();
    for (let n = 0; n < 20; n += 1) {
      const rude = createConnection(httpPort, '127.0.0.1', () => rude.write(request, () => rude.resetAndDestroy()));
      rude.on('error', () => undefined);
      await once(rude, 'close');
    }
    expect((await fetch(`http://localhost:${httpPort}/healthz`)).status).toBe(200);
  });

  it('tells the guest login to its own page and to no other', async () => {
    const folder = freshFolder();
    const { httpPort } = await start(folder);
    const ask = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${httpPort}/guest.json`, { headers });
    expect(await (await ask({})).json()).toMatchObject({ username: 'guest', topicPrefix: 'cortex' });
    expect((await ask({ Origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await ask({ 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  });
});
