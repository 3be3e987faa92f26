import { EventEmitter } from 'node:events';
import type { Aedes } from 'aedes';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '#shared/config/load-settings.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import { holdRequests } from './held-requests.ts';

describe('requests to a service that is not there', () => {
  let aedes: EventEmitter;
  let clock: ManualClock;
  let meters: Meters;
  let got: string[];

  beforeEach(() => {
    aedes = new EventEmitter();
    clock = manualClock();
    meters = new Meters();
    got = [];
    holdRequests(aedes as unknown as Aedes, { settings: loadSettings({}), clock, meters });
  });

  const client = (id: string) => ({
    id,
    publish: ({ topic, payload }: { topic: string; payload: Buffer }) => got.push(`${id} ${topic} ${payload}`),
  });
  const publish = (topic: string, text: string) =>
    aedes.emit('publish', { topic: `cortex/${topic}`, payload: Buffer.from(text) });
  const subscribe = (id: string, filter: string, qos = 1) =>
    aedes.emit('subscribe', [{ topic: `cortex/${filter}`, qos }], client(id));

  it('are handed over, in order and once, when it subscribes', () => {
    publish('speaker/alert', 'one');
    publish('speaker/alert', 'two');
    subscribe('speaker:a', 'speaker/alert');
    subscribe('speaker:b', 'speaker/alert');
    expect(got).toEqual(['speaker:a cortex/speaker/alert one', 'speaker:a cortex/speaker/alert two']);
  });

  it('are held again after it has unsubscribed or is gone', () => {
    subscribe('thinker:a', 'thinker/ask');
    publish('thinker/ask', 'heard as usual');
    aedes.emit('unsubscribe', ['cortex/thinker/ask'], client('thinker:a'));
    publish('thinker/ask', 'one');
    subscribe('thinker:b', 'thinker/ask');
    aedes.emit('clientDisconnect', client('thinker:b'));
    publish('thinker/ask', 'two');
    subscribe('thinker:c', 'thinker/ask');
    expect(got).toEqual(['thinker:b cortex/thinker/ask one', 'thinker:c cortex/thinker/ask two']);
  });

  it('wait for the service itself: onlookers and refused subscriptions do not count', () => {
    subscribe('operator:x', '#');
    publish('thinker/say', 'hello');
    subscribe('guest:y', 'thinker/say');
    subscribe('thinker:z', 'thinker/say', 128);
    expect(got).toEqual([]);
    subscribe('thinker:z', 'thinker/say');
    expect(got).toEqual(['thinker:z cortex/thinker/say hello']);
  });

  it('are dropped when they are old, or too many, and that is counted', () => {
    publish('thinker/ask', 'old');
    clock.advance(11_000);
    publish('thinker/ask', 'x'.repeat(64_001));
    for (let number = 0; number < 40; number += 1) publish('thinker/ask', `${number}`);
    subscribe('thinker:a', 'thinker/ask');
    expect(got).toHaveLength(32);
    expect(got[0]).toBe('thinker:a cortex/thinker/ask 8');
    expect(meters.snapshot(0).counters).toMatchObject({ requestsDropped: 10, requestsHandedOver: 32 });
  });

  it('that concern two of them wait for each', () => {
    subscribe('speaker:a', 'control/interrupt');
    publish('control/interrupt', 'one');
    aedes.emit('clientDisconnect', client('speaker:a'));
    publish('control/interrupt', 'two');
    subscribe('thinker:b', 'control/interrupt');
    subscribe('speaker:c', 'control/interrupt');
    expect(got).toEqual([
      'thinker:b cortex/control/interrupt one',
      'thinker:b cortex/control/interrupt two',
      'speaker:c cortex/control/interrupt two',
    ]);
  });

  it('are those that have no other way: a question for samples is asked again by itself', () => {
    publish('thinker/audio/resend', 'x');
    subscribe('thinker:a', '#');
    expect(got).toEqual([]);
  });
});
