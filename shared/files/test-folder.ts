import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder for the test file that asks for it, removed when its tests are through. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-test-'));
  folders.push(folder);
  return folder;
}
