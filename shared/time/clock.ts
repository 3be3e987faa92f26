/** Where adapters and services get time from. Pure cores never see it: they find the time inside their events. */
export interface Clock {
  /** Unix time in milliseconds with fractions; never runs backwards within a process. */
  nowMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` every `periodMs` until cancelled by the returned function. */
  every(periodMs: number, task: () => void): () => void;
}

/** A correction this large is a machine that has only now learnt the time (a Pi has no clock of its own), not a drift. */
const ADOPTED_JUMP_MS = 1_000;

/**
 * The machine's clock: wall time read at start, then the monotonic clock, so that small corrections move nothing. A jump
 * ahead is adopted, or processes started before and after it would disagree by hours about the age of a picture.
 */
export function systemClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): Clock {
  let offsetMs = wallMs() - monotonicMs();
  return {
    nowMs() {
      const driftMs = wallMs() - monotonicMs() - offsetMs;
      if (driftMs > ADOPTED_JUMP_MS) offsetMs += driftMs;
      return offsetMs + monotonicMs();
    },
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    every(periodMs, task) {
      const timer = setInterval(task, periodMs);
      return () => clearInterval(timer);
    },
  };
}
