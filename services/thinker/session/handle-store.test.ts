import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { fileHandleStore } from './handle-store.ts';

const identity = { model: 'gemini-3.8-live', server: 'here' };
const log = createLog('test', 'silent');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handle-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the stored handle', () => {
  it('survives the process and can be forgotten', () => {
    fileHandleStore(folder, identity, log).save({ value: 'h', savedAtMs: 5 });
    expect(fileHandleStore(folder, identity, log).load()).toEqual({ value: 'h', savedAtMs: 5 });
    fileHandleStore(folder, identity, log).save(undefined);
    expect(fileHandleStore(folder, identity, log).load()).toBeUndefined();
  });

  it('is worth nothing to another model or another server', () => {
    fileHandleStore(folder, identity, log).save({ value: 'h', savedAtMs: 5 });
    expect(fileHandleStore(folder, { ...identity, model: 'other' }, log).load()).toBeUndefined();
    expect(fileHandleStore(folder, { ...identity, server: 'there' }, log).load()).toBeUndefined();
  });

  it.each(['', '{', '[]', '{"handle":7}'])(
    'does not keep the thinker from starting when the file holds %j',
    (content) => {
      writeFileSync(join(folder, 'session-handle.json'), content);
      expect(fileHandleStore(folder, identity, log).load()).toBeUndefined();
    },
  );

  it('does without where the folder cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    const store = fileHandleStore(join(folder, 'file', 'below'), identity, log);
    store.save({ value: 'h', savedAtMs: 5 });
    expect(store.load()).toBeUndefined();
  });
});
