import { expect, it } from 'vitest';
import { testFolder } from '#shared/files/test-folder.ts';
import { giveStopNotice, stackIsStopping } from './stop-notice.ts';

const GIVEN_MS = 1_700_000_000_000;

it('holds for half a minute, and not where the clock has since been set back', () => {
  const folder = testFolder();
  expect(stackIsStopping(folder, GIVEN_MS)).toBe(false);
  const takeBack = giveStopNotice(folder, GIVEN_MS);
  expect([0, 29_000, 31_000, -3_600_000].map((ms) => stackIsStopping(folder, GIVEN_MS + ms))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  takeBack();
  expect(stackIsStopping(folder, GIVEN_MS)).toBe(false);
});
