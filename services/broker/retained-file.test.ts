import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { privacy } from '#shared/contract/control.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import { RetainedFile } from './retained-file.ts';

let path: string;
beforeEach(() => {
  path = join(testFolder(), 'retained.json');
});

const blocked = privacy.codec.encode({ microphone: true, camera: false });

describe('the retained values that outlive the broker', () => {
  it('are back after the process died without a goodbye', () => {
    new RetainedFile(path).keep('control/privacy', blocked);
    expect(new RetainedFile(path).load().values).toEqual(new Map([['control/privacy', blocked]]));
  });

  it('are none before the first start', () => {
    expect(new RetainedFile(path).load()).toEqual({ values: new Map(), ignored: [] });
  });

  it('forget a value that was cleared', () => {
    const file = new RetainedFile(path);
    file.keep('tools/compass/declare', Buffer.from('{"name":"compass","description":"heading"}'));
    file.keep('tools/compass/declare', Buffer.alloc(0));
    expect(new RetainedFile(path).load().values.size).toBe(0);
  });

  it('cost no write where nothing changed', () => {
    const file = new RetainedFile(path);
    file.keep('control/privacy', blocked);
    writeFileSync(path, 'touched');
    file.keep('control/privacy', Buffer.from(blocked));
    expect(readFileSync(path, 'utf8')).toBe('touched');
  });

  it('leave out what is not valid any more, and keep the rest', () => {
    const file = new RetainedFile(path);
    file.keep('control/privacy', blocked);
    file.keep('control/volume', Buffer.from('{"volume":"loud"}'));
    file.keep('control/abolished', Buffer.from('{}'));
    const { values, ignored } = new RetainedFile(path).load();
    expect([...values.keys()]).toEqual(['control/privacy']);
    expect(ignored).toEqual(['control/volume', 'control/abolished']);
  });

  it.each([
    ['half a file', '{"version":1,"values":{"control/pri'],
    ['another version', '{"version":2,"values":{}}'],
    ['a privacy of the wrong shape', '{"version":1,"values":{"control/privacy":"e30="}}'],
    ['nothing', ''],
  ])('of %s are taken as: microphone and camera blocked, and the file set aside', (_what, text) => {
    writeFileSync(path, text);
    const { values, setAsideAs } = new RetainedFile(path).load();
    expect(privacy.codec.decode(values.get('control/privacy')!)).toEqual({ microphone: true, camera: true });
    expect(readFileSync(setAsideAs!, 'utf8')).toBe(text);
    expect(existsSync(path)).toBe(true);
  });
});
