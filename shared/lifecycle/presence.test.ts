import { expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { status } from '#shared/contract/service.ts';
import { announcePresence } from './presence.ts';

async function watched() {
  const hub = new MemoryHub();
  const seen: string[] = [];
  await hub.bus().subscribe(status, ({ payload }) => seen.push(`${payload.pid} ${payload.state}`));
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return { hub, seen, settle };
}

it('says online, and offline at the end', async () => {
  const { hub, seen, settle } = await watched();
  const presence = await announcePresence(hub.bus(), 'speaker', { pid: 1, startedAtMs: 5 });
  presence.goodbye();
  await settle();
  expect(seen).toEqual(['1 online', '1 offline']);
});

it('leaves the word to its successor when it goes', async () => {
  const { hub, seen, settle } = await watched();
  const predecessor = await announcePresence(hub.bus(), 'speaker', { pid: 1, startedAtMs: 5 });
  await settle();
  await announcePresence(hub.bus(), 'speaker', { pid: 2, startedAtMs: 9 });
  await settle();
  predecessor.goodbye();
  await settle();
  expect(seen.at(-1)).toBe('2 online');
  expect(seen).not.toContain('1 offline');
});

it('has the last word over a predecessor that still speaks', async () => {
  const { hub, seen, settle } = await watched();
  await announcePresence(hub.bus(), 'speaker', { pid: 2, startedAtMs: 9 });
  await settle();
  const older = { state: 'online', pid: 1, version: '0', startedAt: 5, uses: 'off' };
  hub.inject('speaker/status', Buffer.from(JSON.stringify(older)), true);
  await settle();
  expect(seen.at(-1)).toBe('2 online');
});

it('takes back the last will of a predecessor that died', async () => {
  const { hub, seen, settle } = await watched();
  await announcePresence(hub.bus(), 'speaker', { pid: 2, startedAtMs: 9 });
  await settle();
  const will = { state: 'offline', pid: 1, version: '0', startedAt: 5 };
  hub.inject('speaker/status', Buffer.from(JSON.stringify(will)), true);
  await settle();
  expect(seen.at(-1)).toBe('2 online');
});
