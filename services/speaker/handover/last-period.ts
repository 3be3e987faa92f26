import { statSync } from 'node:fs';

/** A pipe that is played through gets a period every 5 ms, and is given up after a second: an older one is of some other output. */
const IN_USE_NS = 1_000_000_000n;

/**
 * Whether a process that was killed had noted its last period in the record and not written it into the pipe: the two calls
 * come in this order, and the kernel stamps the record with the one and the pipe with the other. Where its clock has not
 * moved on since the period before (ticks of up to 4 ms, periods of 5), the last one is taken to be written.
 */
export function lastPeriodIsMissing(recordPath: string, pipePath: string): boolean {
  const noted = changedNs(recordPath);
  const written = changedNs(pipePath);
  return noted !== undefined && written !== undefined && written < noted && noted - written < IN_USE_NS;
}

function changedNs(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}
