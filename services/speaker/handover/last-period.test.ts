import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lastPeriodIsMissing } from './last-period.ts';

let folder = '';
let record = '';
let pipe = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'last-period-'));
  [record, pipe] = [join(folder, 'record'), join(folder, 'pipe')];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['was written behind its note', 10.005, 10.006, false],
  ['was written within the same tick of the kernel’s clock', 10.005, 10.005, false],
  ['was noted and never written', 10.005, 10, true],
  ['went to another output: nobody has used the pipe for long', 20, 10, false],
])('the last period %s', (_what, notedAt, writtenAt, missing) => {
  for (const [path, seconds] of [
    [record, notedAt],
    [pipe, writtenAt],
  ] as const) {
    writeFileSync(path, '');
    utimesSync(path, seconds, seconds);
  }
  expect(lastPeriodIsMissing(record, pipe)).toBe(missing);
});

it('nothing is known to be missing where there is no record or no pipe', () => {
  expect(lastPeriodIsMissing(record, pipe)).toBe(false);
});
