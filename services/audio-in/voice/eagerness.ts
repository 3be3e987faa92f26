/** How often the first sign of a voice was none, of late: where that goes on, nobody is in a hurry any more. */
export interface Eagerness {
  /** Where such possible speech was withdrawn, in samples, the newest last. */
  vainAt: readonly number[];
}

export const EAGER: Eagerness = { vainAt: [] };

const SAMPLES_PER_S = 16_000;
/** In a workshop, or beside somebody who clears a table, the reply makes way twice and then goes on. */
const MOST_IN_VAIN = 2;
const WITHIN_SAMPLES = 10 * SAMPLES_PER_S;

/** Possible speech was withdrawn at `position` of which the detector was never sure. */
export function misledAt({ vainAt }: Eagerness, position: number): Eagerness {
  return { vainAt: [...vainAt, position].slice(-MOST_IN_VAIN) };
}

/** Whether the first sign counts: not within ten seconds after the second mistake within ten seconds. */
export function isEager({ vainAt }: Eagerness, position: number): boolean {
  const [first, last] = vainAt;
  if (first === undefined || last === undefined) return true;
  return last - first > WITHIN_SAMPLES || position - last > WITHIN_SAMPLES;
}
