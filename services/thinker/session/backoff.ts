/** First and longest wait between tries, and the share by which a wait is spread so that a fleet does not return in step. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const SPREAD = 0.2;

/**
 * How long to wait after the n-th failed try in a row: 1 s, 2 s, 4 s … 60 s, each ± 20 %, never beyond 60 s.
 * @param attempt 1 for the first failure. @param jitter from 0 to 1.
 */
export function backoffMs(attempt: number, jitter: number): number {
  const nominalMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.min(LONGEST_MS, Math.round(nominalMs * (1 - SPREAD + 2 * SPREAD * jitter)));
}
