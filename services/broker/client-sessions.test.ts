import { beforeEach, describe, expect, it } from 'vitest';
import { ClientSessions, type OutgoingPacket } from './client-sessions.ts';

const packet = (counter: number, bytes = 10): OutgoingPacket => ({
  cmd: 'publish',
  topic: 'cortex/thinker/turn',
  payload: Buffer.alloc(bytes, counter),
  brokerId: 'b',
  brokerCounter: counter,
});

let sessions: ClientSessions;
beforeEach(() => {
  sessions = new ClientSessions();
  sessions.subscribe('layer', [{ topic: 'cortex/#', qos: 1 }]);
});

const counters = (clientId: string, nowMs = 0) => sessions.waiting(clientId, nowMs).map((one) => one.brokerCounter);

describe('the session of a client that wants one', () => {
  it('is asked by topic, at its highest matching QoS, and not where it wants QoS 0', () => {
    sessions.subscribe('layer', [{ topic: 'cortex/+/turn', qos: 2 }]);
    sessions.subscribe('other', [{ topic: 'cortex/#', qos: 0 }]);
    expect(sessions.askingFor('cortex/thinker/turn')).toEqual([
      { clientId: 'layer', topic: 'cortex/thinker/turn', qos: 2 },
    ]);
    expect(sessions.askingFor('elsewhere')).toEqual([]);
  });

  it('keeps messages in order until they are acknowledged', () => {
    for (const n of [1, 2, 3]) sessions.enqueue('layer', packet(n), 0);
    for (const n of [1, 2, 3]) sessions.update('layer', { ...packet(n), messageId: 100 + n });
    expect(sessions.acknowledged('layer', 102)?.brokerCounter).toBe(2);
    expect(sessions.acknowledged('layer', 102)).toBeUndefined();
    expect(counters('layer')).toEqual([1, 3]);
  });

  it('replaces a QoS 2 message by the second half of its handshake', () => {
    sessions.enqueue('layer', packet(1), 0);
    sessions.update('layer', { ...packet(1), messageId: 9 });
    expect(sessions.update('layer', { cmd: 'pubrel', messageId: 9 })).toBe(true);
    expect(sessions.waiting('layer', 0)).toEqual([{ cmd: 'pubrel', messageId: 9 }]);
    expect(sessions.update('layer', { cmd: 'pubrel', messageId: 10 })).toBe(false);
  });

  it('drops the oldest of too many messages, and counts them', () => {
    for (let n = 0; n < 600; n += 1) sessions.enqueue('layer', packet(n), 0);
    expect(counters('layer')).toEqual(Array.from({ length: 500 }, (_unused, n) => n + 100));
    expect(sessions.dropped).toBe(100);
  });

  it('drops the oldest of too many bytes', () => {
    for (let n = 0; n < 5; n += 1) sessions.enqueue('layer', packet(n, 300_000), 0);
    expect(counters('layer')).toEqual([2, 3, 4]);
  });

  it('gives nobody news that is older than a minute', () => {
    sessions.enqueue('layer', packet(1), 0);
    sessions.enqueue('layer', packet(2), 50_000);
    expect(counters('layer', 61_000)).toEqual([2]);
  });

  it('is forgotten with everything in it', () => {
    sessions.enqueue('layer', packet(1), 0);
    sessions.forget('layer');
    sessions.enqueue('layer', packet(2), 0);
    expect(counters('layer')).toEqual([]);
    expect(sessions.subscriptions('layer')).toEqual([]);
  });

  it('gives way to newer ones when there are too many', () => {
    for (let n = 0; n < 60; n += 1) sessions.subscribe(`client ${n}`, [{ topic: 'a', qos: 1 }]);
    expect(sessions.subscriptions('layer')).toEqual([]);
    expect(sessions.askingFor('a')).toHaveLength(50);
  });
});
