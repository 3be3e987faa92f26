import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { becomeSoleThinker, type SoleThinker } from './sole-thinker.ts';

let thinkers: SoleThinker[] = [];
afterEach(async () => {
  for (const thinker of thinkers) await thinker.release();
  thinkers = [];
});

function another(stateDir: string): SoleThinker {
  const thinker = becomeSoleThinker(stateDir);
  thinkers.push(thinker);
  return thinker;
}

describe('the sole thinker of a state folder', () => {
  it('is whoever came first, until it leaves', async () => {
    const folder = randomUUID();
    const first = another(folder);
    await first.alone;
    const second = another(folder);
    const third = another(folder);
    expect([first.isAlone, second.isAlone, third.isAlone]).toEqual([true, false, false]);
    await first.release();
    await Promise.race([second.alone, third.alone]);
    expect([second.isAlone, third.isAlone].filter(Boolean)).toHaveLength(1);
  });

  it('does not wait for one of another folder', async () => {
    await another(randomUUID()).alone;
    await another(randomUUID()).alone;
  });

  it('can give up waiting', async () => {
    const folder = randomUUID();
    await another(folder).alone;
    const waiting = another(folder);
    await waiting.release();
    expect(waiting.isAlone).toBe(false);
  });
});
