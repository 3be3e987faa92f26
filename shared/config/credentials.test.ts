import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCredentials } from './credentials.ts';

let stateDir: string;
const load = (more: { mqttUsername?: string; mqttPassword?: string } = {}) =>
  loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined, ...more });
const file = () => join(stateDir, 'credentials.json');

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cortex-credentials-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

describe('credentials', () => {
  it('are made once, for the owner only, and stay', () => {
    const first = load();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(load()).toEqual(first);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ guest: { username: 'guest' } });
    expect(new Set(Object.values(first).map(({ password }) => password)).size).toBe(Object.keys(first).length);
  });

  it('let the environment name the operator', () => {
    expect(load({ mqttUsername: 'boss', mqttPassword: 'secret' }).operator).toEqual({
      username: 'boss',
      password: 'secret',
    });
  });

  it('say which file is damaged and what to do', () => {
    writeFileSync(file(), '{"operator":');
    expect(() => load()).toThrow(/credentials\.json is damaged: delete it/);
  });
});
