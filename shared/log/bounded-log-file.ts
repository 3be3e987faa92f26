import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Hours of talk at level info; with the older half, less than 80 MB for the whole stack. */
export const LOG_LIMIT_BYTES = 5_000_000;

/**
 * The files that grow for as long as a process runs under PM2: its own log, and PM2's, which has some lines for each start and
 * end (4 MB a day of a crash loop). @param environment as PM2 gives it to the process.
 */
export function logFilesOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const { pm_out_log_path: own, pm_pid_path: pidFile } = environment;
  // Both lie in PM2_HOME (pm2/paths.js), which itself is not in every environment.
  return [...(own ? [own] : []), ...(pidFile ? [join(dirname(dirname(pidFile)), 'pm2.log')] : [])];
}

/**
 * Moves what a log file holds to `PATH.1` once it is larger than `limitBytes`. The file itself stays, emptied, because PM2 and
 * `pm2 logs` keep it open; lines written between the two steps (some milliseconds) are lost. On a full disk the old lines
 * go without a copy. Rejects where the file can be neither read nor emptied.
 */
export async function boundLogFile(path: string, limitBytes = LOG_LIMIT_BYTES): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= limitBytes) return;
  try {
    await copyFile(path, `${path}.1`);
  } catch {
    await rm(`${path}.1`, { force: true });
  }
  await truncate(path);
}
