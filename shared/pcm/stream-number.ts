/**
 * The first utterance or turn number of a process that starts now: Unix seconds. Counting up by one from there, a
 * successor is always ahead of its predecessor (nobody has two turns a second), with no file to keep; u32 lasts to 2106.
 */
export function firstStreamNumber(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}

/** More than anybody keeps of the past: audio-in's 30 s of speech, the last turns the router knows. */
const REMEMBERED = 64;

/**
 * Whether the number was given shortly before the other one. One that lies further below was not: then the other one is none
 * that counting has led to, but one that a faulty layer made up, and what really comes must not be taken for old because of it.
 */
export function isShortlyBefore(number: number, other: number): boolean {
  return number < other && other - number <= REMEMBERED;
}
