import { describe, expect, it } from 'vitest';
import { GuessLimit } from './guess-limit.ts';

function tryWrong(limit: GuessLimit, source: string, digest: string, nowMs: number): boolean {
  const looked = limit.mayTry(source, digest, nowMs);
  if (looked) limit.wasWrong(source, digest, nowMs);
  return looked;
}

describe('the limit on guessing passwords', () => {
  it('stops looking after ten different wrong passwords within a minute', () => {
    const limit = new GuessLimit();
    const looked = Array.from({ length: 15 }, (_unused, n) => tryWrong(limit, 'a', `guess ${n}`, n));
    expect(looked.filter(Boolean)).toHaveLength(10);
    expect(limit.mayTry('a', 'the right one', 20)).toBe(false);
  });

  it('looks again when the minute is over', () => {
    const limit = new GuessLimit();
    for (let n = 0; n < 10; n += 1) tryWrong(limit, 'a', `guess ${n}`, n);
    expect(limit.mayTry('a', 'the right one', 59_999)).toBe(false);
    expect(limit.mayTry('a', 'the right one', 60_001)).toBe(true);
  });

  it('is not used up by one old password tried for ever', () => {
    const limit = new GuessLimit();
    for (let n = 0; n < 10_000; n += 1) tryWrong(limit, 'a', 'old password', n);
    expect(limit.mayTry('a', 'the right one', 10_000)).toBe(true);
  });

  it('punishes no other source', () => {
    const limit = new GuessLimit();
    for (let n = 0; n < 20; n += 1) tryWrong(limit, 'a', `guess ${n}`, n);
    expect(limit.mayTry('b', 'any', 20)).toBe(true);
  });

  it('remembers a bounded number of sources', () => {
    const limit = new GuessLimit();
    for (let n = 0; n < 10; n += 1) tryWrong(limit, 'first', `guess ${n}`, 0);
    expect(limit.mayTry('first', 'x', 1)).toBe(false);
    for (let n = 0; n < 1_000; n += 1) tryWrong(limit, `source ${n}`, 'x', 1);
    expect(limit.mayTry('first', 'x', 1)).toBe(true);
  });
});
