import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { microphonePcm } from '#shared/contract/audio-in.ts';
import { interrupt, volume } from '#shared/contract/control.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import type { Bus } from './bus.ts';
import { connectMqttBus } from './mqtt-bus.ts';

let broker: Aedes;
let server: Server;
let sockets: Socket[];
let bus: Bus;
/** What the broker was asked for, in order. */
let asked: string[];

beforeEach(async () => {
  broker = await Aedes.createBroker();
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    broker.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  asked = [];
  broker.on('subscribe', (filters) => asked.push(...filters.map(({ topic }) => `subscribe ${topic}`)));
  broker.on('unsubscribe', (filters) => asked.push(...filters.map((filter) => `unsubscribe ${filter}`)));
  bus = connectMqttBus({
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    username: 'operator',
    password: '',
    clientName: 'test',
    topicPrefix: 'cortex',
    clock: systemClock(),
    log: createLog('test', 'silent'),
    meters: new Meters(),
  });
});
afterEach(async () => {
  await bus.close();
  server.close();
  await new Promise<void>((resolve) => broker.close(resolve));
});

const listen = () => bus.subscribe(interrupt, () => undefined);
/** A subscription the broker has confirmed: all that was asked before has arrived there too. */
const arrived = () => bus.subscribe(volume, () => undefined);

describe('an ended subscription', () => {
  it('is ended at the broker with its last listener, and not before', async () => {
    const [first, second] = [await listen(), await listen()];
    first();
    first();
    await arrived();
    expect(asked).not.toContain('unsubscribe cortex/control/interrupt');
    second();
    await arrived();
    expect(asked.filter((what) => what.includes('interrupt'))).toEqual([
      'subscribe cortex/control/interrupt',
      'unsubscribe cortex/control/interrupt',
    ]);
  });

  it('can be taken up again at once', async () => {
    const end = await listen();
    end();
    const heard = new Promise<string>((resolve) => {
      void bus
        .subscribe(interrupt, ({ payload }) => resolve(payload.id))
        .then(() => {
          bus.publish(interrupt, { id: 'again', source: 'operator', at: 1 });
        });
    });
    expect(await heard).toBe('again');
  });

  it('does not come back with a reconnection when it ended while the broker was away', async () => {
    const end = await listen();
    const lost = new Promise<void>((resolve) => {
      bus.onConnection((connected) => {
        if (!connected) resolve();
      });
    });
    for (const socket of sockets) socket.destroy();
    await lost;
    end();
    await arrived();
    await arrived();
    expect(asked.findLast((what) => what.includes('interrupt'))).toBe('unsubscribe cortex/control/interrupt');
  });
});

describe('a bus that is closed while its broker is away', () => {
  it('waits for a broker that comes back soon, and says what it had kept', async () => {
    const said: string[] = [];
    broker.on('publish', ({ topic }) => {
      if (!topic.startsWith('$SYS')) said.push(topic);
    });
    await arrived();
    const lost = new Promise<void>((resolve) => {
      bus.onConnection((connected) => {
        if (!connected) resolve();
      });
    });
    for (const socket of sockets) socket.destroy();
    await lost;
    bus.publish(interrupt, { id: 'last words', source: 'operator', at: 1 });
    await bus.close();
    expect(said).toEqual(['cortex/control/interrupt']);
  });
});

describe('a bus whose broker has died with much on its way to it', () => {
  it('does not wait for that when it is flushed', async () => {
    await arrived();
    const changes: boolean[] = [];
    const back = new Promise<void>((resolve) => {
      bus.onConnection((connected) => {
        changes.push(connected);
        if (connected && changes.includes(false)) resolve();
      });
    });
    const flags = { first: true, last: false, resent: false };
    const samples = new Int16Array(20_000);
    for (let stream = 0; stream < 50; stream += 1) {
      bus.publish(microphonePcm, { sampleRateHz: 16_000, stream, position: 0, timeUs: 0, ...flags, samples });
    }
    for (const socket of sockets) socket.destroy();
    await back;
    // Longer than this test may take.
    await bus.flush(60_000);
    expect(changes).toEqual([true, false, true]);
  });
});
