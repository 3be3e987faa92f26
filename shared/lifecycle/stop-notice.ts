import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A notice that whoever gave it never took back holds no longer than this. */
const VALID_MS = 30_000;

const noticePath = (stateDir: string) => join(stateDir, 'stopping');

/**
 * Says to every process of this state folder that the whole stack ends, so that none of them prepares for its successor: a
 * signal from PM2 is the same whether it stops a process or exchanges it. The result takes the notice back.
 * @param nowMs Unix milliseconds.
 */
export function giveStopNotice(stateDir: string, nowMs: number): () => void {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(noticePath(stateDir), '');
  utimesSync(noticePath(stateDir), nowMs / 1_000, nowMs / 1_000);
  return () => rmSync(noticePath(stateDir), { force: true });
}

/** Whether the whole stack is being stopped. @param nowMs Unix milliseconds. */
export function stackIsStopping(stateDir: string, nowMs: number): boolean {
  const stat = statSync(noticePath(stateDir), { throwIfNoEntry: false });
  // A clock that is behind since a power cut tells no age.
  return stat !== undefined && Math.abs(nowMs - stat.mtimeMs) < VALID_MS;
}
