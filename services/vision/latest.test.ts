import { describe, expect, it } from 'vitest';
import { Latest } from './latest.ts';

describe('the place where the latest picture waits', () => {
  it('goes on with the newest and drops those in between', async () => {
    const done: number[] = [];
    const release: (() => void)[] = [];
    let replaced = 0;
    const latest = new Latest<number>(
      (item) => new Promise((resolve) => release.push(() => resolve(void done.push(item)))),
      () => {
        replaced += 1;
      },
    );
    for (const item of [1, 2, 3, 4]) latest.offer(item);
    expect(release).toHaveLength(1);
    release[0]!();
    await Promise.resolve();
    await Promise.resolve();
    release[1]!();
    await Promise.resolve();
    expect(done).toEqual([1, 4]);
    expect(replaced).toBe(2);
  });

  it('forgets what waits when it is cleared', async () => {
    const begun: number[] = [];
    const latest = new Latest<number>(
      async (item) => void begun.push(item),
      () => undefined,
    );
    latest.offer(1);
    latest.offer(2);
    latest.clear();
    await Promise.resolve();
    await Promise.resolve();
    expect(begun).toEqual([1]);
  });
});
