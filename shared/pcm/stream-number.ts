/**
 * The first utterance or turn number of a process that starts now: Unix seconds. Counting up by one from there, a
 * successor is always ahead of its predecessor (nobody has two turns a second), with no file to keep; u32 lasts to 2106.
 */
export function firstStreamNumber(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}
