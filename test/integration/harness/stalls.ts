/** Longer than a sound card's buffer: what is played and captured meanwhile is cut into pieces. */
const STALL_MS = 50;
const LOOK_EVERY_MS = 5;

/** Counts how often the machine stood still: a crowded or virtual one does, and no canceller can follow sound that is cut up by it. */
export class Stalls {
  count = 0;
  private readonly timer: NodeJS.Timeout;

  constructor() {
    let lastMs = performance.now();
    this.timer = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - lastMs > STALL_MS) this.count += 1;
      lastMs = nowMs;
    }, LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
