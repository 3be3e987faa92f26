import { expect, it } from 'vitest';
import { PartQueue } from './part-queue.ts';

async function allOf<Part>(parts: AsyncIterable<Part>): Promise<Part[]> {
  const all: Part[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

it('delivers everything in order, whether it was waited for or not', async () => {
  const queue = new PartQueue<number>();
  const received = allOf(queue);
  void queue.push(1);
  void queue.push(2);
  await Promise.resolve();
  void queue.push(3);
  queue.end();
  expect(await received).toEqual([1, 2, 3]);
});

it('delivers what came before a failure, then the failure, once', async () => {
  const queue = new PartQueue<number>();
  void queue.push(1);
  queue.end({ error: new Error('cut') });
  expect(await queue.next()).toEqual({ value: 1, done: false });
  await expect(queue.next()).rejects.toThrow('cut');
  expect(await queue.next()).toEqual({ value: undefined, done: true });
});

it('keeps a producer waiting until its part was taken', async () => {
  const queue = new PartQueue<number>();
  const order: string[] = [];
  const pushed = queue.push(1).then(() => order.push('pushed'));
  await Promise.resolve();
  order.push('taking');
  await queue.next();
  await pushed;
  expect(order).toEqual(['taking', 'pushed']);
});

it('lets go of producer and consumer when it is closed', async () => {
  const queue = new PartQueue<number>();
  const pushed = queue.push(1);
  queue.close();
  expect(await pushed).toBe(false);
  expect(await queue.push(2)).toBe(false);
  expect(await allOf(queue)).toEqual([]);
});

it('ends a consumer that waits', async () => {
  const queue = new PartQueue<number>();
  const next = queue.next();
  queue.close();
  expect(await next).toEqual({ value: undefined, done: true });
});
