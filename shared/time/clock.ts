/** Where adapters and services get time from. Pure cores never see it: they find the time inside their events. */
export interface Clock {
  /** Unix time in milliseconds with fractions; never runs backwards within a process. */
  nowMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` every `periodMs` until cancelled by the returned function. */
  every(periodMs: number, task: () => void): () => void;
}

/** The machine's clock: wall time read once at start, then the monotonic clock, so that a time correction moves nothing. */
export function systemClock(): Clock {
  const offsetMs = Date.now() - performance.now();
  return {
    nowMs: () => offsetMs + performance.now(),
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
