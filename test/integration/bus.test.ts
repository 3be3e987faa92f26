import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { microphonePcm } from '#shared/contract/audio-in.ts';
import { fallback, interrupt } from '#shared/contract/control.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { Watched } from './harness/watched.ts';

describe('the MQTT bus on a real broker', () => {
  let stack: TestStack;
  beforeEach(async () => {
    stack = await startTestStack();
  });
  afterEach(() => stack.close());

  it('gives every listener of a retained topic its value, the second one of the same connection too', async () => {
    const router = stack.connect('router');
    router.publish(fallback, { level: 'http', reason: 'test', since: 1 });
    const first = await Watched.on(router, fallback);
    expect(await first.next(() => true)).toMatchObject({ level: 'http' });
    const second = await Watched.on(router, fallback);
    expect(await second.next(() => true)).toMatchObject({ level: 'http' });
  });

  it('brings messages, subscriptions and retained values over a broker that is killed', async () => {
    const publisher = stack.connect('router');
    const subscriber = await Watched.on(stack.connect('speaker'), interrupt);
    publisher.publish(fallback, { level: 'offline', reason: 'before the kill', since: 2 });
    await publisher.flush(2_000);
    const lost = new Promise<void>((resolve) => {
      publisher.onConnection((connected) => {
        if (!connected) resolve();
      });
    });
    await stack.broker.end('SIGKILL');
    await lost;
    publisher.publish(interrupt, { id: 'while away', source: 'operator', at: 3 });
    await stack.restartBroker();
    expect(await subscriber.next(({ id }) => id === 'while away')).toBeDefined();
    const late = await Watched.on(stack.connect('operator'), fallback);
    expect(await late.next(() => true)).toMatchObject({ reason: 'before the kill' });
  });

  it('says which topic it was refused', async () => {
    const guest = stack.connect('guest');
    await expect(guest.subscribe(microphonePcm, () => undefined)).rejects.toThrow('audio-in/pcm');
  });
});
