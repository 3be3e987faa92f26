import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBattery } from './sysfs-battery.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'power-supply-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function supply(name: string, fields: Record<string, string>): void {
  mkdirSync(join(folder, name));
  for (const [field, value] of Object.entries(fields)) writeFileSync(join(folder, name, field), `${value}\n`);
}

test('the first battery is read, mains adapters are passed over', () => {
  supply('AC', { type: 'Mains', online: '1' });
  supply('BAT0', { type: 'Battery', capacity: '47', status: 'Charging' });
  expect(readBattery(folder)).toEqual({ percent: 47, charging: true });
});

test('a machine without a battery has none', () => {
  expect(readBattery(folder)).toBeUndefined();
  expect(readBattery(join(folder, 'missing'))).toBeUndefined();
});

test('a battery whose driver does not tell its charge counts as none', () => {
  supply('BAT0', { type: 'Battery', status: 'Unknown' });
  expect(readBattery(folder)).toBeUndefined();
});
