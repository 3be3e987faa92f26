import { describe, expect, it } from 'vitest';
import { OPEN_LENS, watchLens } from './lens-watch.ts';

/** One brightness every 200 ms; the news with their times. */
function watch(brightness: number[]) {
  let state = OPEN_LENS;
  return brightness.flatMap((level, index) => {
    const watched = watchLens(state, { atMs: index * 200, brightness: level });
    state = watched.state;
    return watched.news ? [[index * 200, watched.news]] : [];
  });
}
const for_ = (seconds: number, level: number) => Array<number>(seconds * 5).fill(level);

describe('the watch over the lens', () => {
  it.each([
    ['a lit room', for_(10, 90), []],
    ['a street at night', for_(10, 25), []],
    ['a hand before the lens for two seconds', [...for_(2, 90), ...for_(2, 3), ...for_(5, 90)], []],
    ['a covered lens, once', for_(60, 4), [[3_000, 'darkened']]],
    ['noise around the limit', [...for_(4, 5), ...for_(10, 14), ...for_(10, 5)], [[3_000, 'darkened']]],
    [
      'uncovered and covered again',
      [...for_(4, 5), ...for_(4, 90), ...for_(4, 5)],
      [
        [3_000, 'darkened'],
        [4_000, 'cleared'],
        [11_000, 'darkened'],
      ],
    ],
  ])('says of %s what there is to say', (_what, brightness, news) => {
    expect(watch(brightness)).toEqual(news);
  });

  it('begins to count anew after one bright picture', () => {
    expect(watch([...for_(2, 3), 90, ...for_(2, 3)])).toEqual([]);
  });
});
