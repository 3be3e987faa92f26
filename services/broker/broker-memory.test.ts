import { describe, expect, it } from 'vitest';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { BrokerMemory } from './broker-memory.ts';

const MEGABYTE = Buffer.alloc(1_000_000, 1);

function bench() {
  const meters = new Meters();
  const memory = new BrokerMemory({ meters, clock: manualClock() });
  return {
    memory,
    retain: (topic: string, payload: Buffer) => memory.storeRetained({ topic, payload }),
    kept: async () => (await memory.createRetainedStreamCombi(['#']).toArray()).map(({ topic }) => topic),
    refused: () => meters.snapshot(0).counters['retainedOverLimit'] ?? 0,
  };
}

describe('the memory of the broker', () => {
  it('retains so many bytes and no more; what is replaced or withdrawn makes room', async () => {
    const { retain, kept, refused } = bench();
    for (let number = 0; number < 17; number += 1) retain(`a/${number}`, MEGABYTE);
    expect(await kept()).toHaveLength(16);
    expect(refused()).toBe(1);
    retain('a/0', MEGABYTE);
    expect(refused()).toBe(1);
    retain('a/1', Buffer.alloc(0));
    retain('b', MEGABYTE);
    expect(refused()).toBe(1);
    expect(await kept()).toContain('b');
  });

  it('knows a QoS 2 message that is not released yet by its number alone', async () => {
    const { memory } = bench();
    const packet = { topic: 'a', payload: MEGABYTE, messageId: 7 };
    await expect(memory.incomingGetPacket({ id: 'c' }, packet)).rejects.toThrow('no such packet');
    await memory.incomingStorePacket({ id: 'c' }, packet);
    expect(JSON.stringify(await memory.incomingGetPacket({ id: 'c' }, packet)).length).toBeLessThan(100);
    await memory.incomingDelPacket({ id: 'c' }, packet);
    await expect(memory.incomingGetPacket({ id: 'c' }, packet)).rejects.toThrow('no such packet');
  });
});
