/** 10 ms ahead, 25 ms to the ear: enough for a process whose own pauses are short. */
const LEAST_PERIODS = 2;
/** 40 ms ahead, 55 ms to the ear. More would be felt when interrupting. */
const MOST_PERIODS = 8;
const STEP_PERIODS = 2;
/** One gap may be an accident of the machine; this many in this time are a queue too short for it. */
const UNDERRUNS = 3;
const WITHIN_MS = 10_000;
/** A machine that was busy for a moment (a start, a reload) must not make every interruption slower for good. */
const CALM_MS = 15_000;
/** A queue that proved too short again is tried less and less often: each try costs the listener some gaps. */
const LONGEST_CALM_MS = 15 * 60_000;

/** How many periods are queued ahead of the device: few, because they play on after an interrupt, and more where few do not do. */
export class QueueDepth {
  periods = LEAST_PERIODS;
  private recentMs: number[] = [];
  private calmMs = CALM_MS;
  private calmSinceMs: number | undefined;
  private shortened = false;

  /** The device ran dry. True when the queue has become deeper because of it. */
  underran(atMs: number): boolean {
    this.calmSinceMs = atMs;
    this.recentMs = [...this.recentMs.filter((ms) => atMs - ms < WITHIN_MS), atMs];
    if (this.recentMs.length < UNDERRUNS || this.periods >= MOST_PERIODS) return false;
    this.recentMs = [];
    this.periods += STEP_PERIODS;
    if (this.shortened) this.calmMs = Math.min(LONGEST_CALM_MS, this.calmMs * 4);
    this.shortened = false;
    return true;
  }

  /** The device has not run dry meanwhile. True when the queue has become shorter because of it. */
  wasFine(atMs: number): boolean {
    this.calmSinceMs ??= atMs;
    if (this.periods <= LEAST_PERIODS || atMs - this.calmSinceMs < this.calmMs) return false;
    this.calmSinceMs = atMs;
    this.periods -= STEP_PERIODS;
    this.shortened = true;
    return true;
  }
}
