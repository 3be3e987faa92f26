import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Only the owner may read what lies in the state folder. */
const PRIVATE = 0o600;

/** Replaces the file in one step: a reader (or a power cut) sees the old text or the new, never half of one. */
export function writeFileAtomically(path: string, content: string | Uint8Array, mode = PRIVATE): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, path);
}
