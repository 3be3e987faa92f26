/**
 * Tells on each of the regular looks at a device whether this process was itself held up since the last one: what the device has
 * said meanwhile has yet to be read, so its silence proves nothing. A clock that jumps ahead looks the same.
 */
export class RegularLook {
  private readonly periodMs: number;
  private lastMs: number;

  /** @param nowMs one period before the first look. */
  constructor(periodMs: number, nowMs: number) {
    this.periodMs = periodMs;
    this.lastMs = nowMs;
  }

  /** To be asked once a look. */
  wasHeldUp(nowMs: number): boolean {
    const sinceMs = nowMs - this.lastMs;
    this.lastMs = nowMs;
    return sinceMs > 2 * this.periodMs;
  }
}
