import { expect, test } from 'vitest';
import { firstStreamNumber, isShortlyBefore } from './stream-number.ts';

test('a process counts on from the second in which it started', () => {
  expect(firstStreamNumber(1_795_370_750_999)).toBe(1_795_370_750);
});

test.each([
  ['the number before', 99, 100, true],
  ['one of the last', 36, 100, true],
  ['the same', 100, 100, false],
  ['a later one', 101, 100, false],
  ['one below a number that nobody has counted to', 1_795_370_750, 4_177_735_137, false],
])('%s', (_name, number, other, before) => {
  expect(isShortlyBefore(number, other)).toBe(before);
});
