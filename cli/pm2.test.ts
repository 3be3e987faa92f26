import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listProcesses } from './pm2.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pm2-home-'));
  vi.stubEnv('PM2_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

it.each([
  ['no pid file', undefined],
  ['one that a power cut has left empty', ''],
  ['one that holds no number', 'x'],
])('asks no daemon where there is %s', async (_what, content) => {
  if (content !== undefined) writeFileSync(join(home, 'pm2.pid'), content);
  expect(await listProcesses('/nowhere')).toEqual([]);
});
