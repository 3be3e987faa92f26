import { describe, expect, it } from 'vitest';
import { needless } from './picture-thrift.ts';

const shown = (scene: number | undefined, takenAtMs: number) => ({ scene, takenAtMs });

describe('a picture is needless', () => {
  it.each([
    ['nothing was shown yet', undefined, shown(7, 900), false, false],
    ['the same scene was shown a moment ago', shown(7, 600), shown(7, 900), false, true],
    ['another scene was shown', shown(6, 600), shown(7, 900), false, false],
    ['neither says which scene it shows', shown(undefined, 600), shown(undefined, 900), false, false],
    ['the question ends and what was shown is 300 ms old', shown(7, 700), shown(7, 900), true, true],
    ['the question ends and what was shown is older', shown(7, 699), shown(7, 900), true, false],
    ['the question ends in another scene', shown(6, 990), shown(7, 995), true, false],
  ])('or not when %s', (_when, sent, newest, ended, expected) => {
    const sentBefore = sent && { ...sent, sentAtMs: sent.takenAtMs };
    expect(needless(sentBefore, newest, { ended, nowMs: 1_000, resendMs: 5_000 })).toBe(expected);
  });

  it('no longer than the model may go without one', () => {
    const sent = { ...shown(7, 0), sentAtMs: 100 };
    const at = (nowMs: number) => needless(sent, shown(7, nowMs), { ended: false, nowMs, resendMs: 5_000 });
    expect([at(5_099), at(5_100)]).toEqual([true, false]);
  });
});
