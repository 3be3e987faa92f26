import { copyFile, rm, stat, truncate } from 'node:fs/promises';

/** Hours of talk at level info; with the older half, less than 80 MB for the whole stack. */
export const LOG_LIMIT_BYTES = 5_000_000;

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
