import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privacyStore } from './privacy-store.ts';

describe('the privacy store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'privacy-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('leaves everything open where nothing was ever blocked', () => {
    expect(privacyStore(folder).read()).toEqual({ privacy: { microphone: false, camera: false } });
  });

  it('gives the next process what this one wrote, readable by the owner only', () => {
    const store = privacyStore(join(folder, 'not-there-yet'));
    store.write({ microphone: false, camera: true });
    expect(privacyStore(join(folder, 'not-there-yet')).read().privacy).toEqual({ microphone: false, camera: true });
    expect(statSync(store.path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['half a file', '{"microphone":fal'],
    ['another shape', '{"camera":"no"}'],
    ['nothing', ''],
  ])('blocks both devices when it holds %s, because the user may have closed one', (_what, text) => {
    const store = privacyStore(folder);
    writeFileSync(store.path, text);
    const { privacy, damaged } = store.read();
    expect(privacy).toEqual({ microphone: true, camera: true });
    expect(damaged).toBeTypeOf('string');
  });
});
