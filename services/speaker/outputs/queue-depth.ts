/** 10 ms ahead, 25 ms to the ear: enough for a process whose own pauses are short. */
const LEAST_PERIODS = 2;
/** 40 ms ahead, 55 ms to the ear. More would be felt when interrupting. */
const MOST_PERIODS = 8;
const STEP_PERIODS = 2;
/** One gap may be an accident of the machine; this many in this time are a queue too short for it. */
const UNDERRUNS = 3;
const WITHIN_MS = 10_000;

/** How many periods are queued where none can be taken back: few, as they play on after an interrupt, and more where few do not do. */
export class QueueDepth {
  periods = LEAST_PERIODS;
  private recentMs: number[] = [];

  /** The device ran dry. True when the queue has become deeper because of it. */
  underran(atMs: number): boolean {
    this.recentMs = [...this.recentMs.filter((ms) => atMs - ms < WITHIN_MS), atMs];
    if (this.recentMs.length < UNDERRUNS || this.periods >= MOST_PERIODS) return false;
    this.recentMs = [];
    this.periods += STEP_PERIODS;
    return true;
  }
}
