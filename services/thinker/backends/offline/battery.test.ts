import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readBattery } from './battery.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'power-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function supply(name: string, files: Record<string, string>): void {
  mkdirSync(join(folder, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), `${text}\n`);
}

it('finds the battery beside the mains adapter', async () => {
  supply('AC', { type: 'Mains', online: '1' });
  supply('BAT0', { type: 'Battery', capacity: '42', status: 'Charging' });
  expect(await readBattery(folder)).toEqual({ percent: 42, charging: true });
});

it('knows nothing of a battery that does not say how full it is', async () => {
  supply('BAT0', { type: 'Battery', status: 'Unknown' });
  supply('BAT1', { type: 'Battery', capacity: '999', status: 'Unknown' });
  expect(await readBattery(folder)).toBeUndefined();
});

it('knows nothing where there is no such folder', async () => {
  expect(await readBattery(join(folder, 'none'))).toBeUndefined();
});
