import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { Clock } from '#shared/time/clock.ts';

/** Follows whether an answer is on its way: no other connection can be given what has not come of it. */
export class Delivery {
  private readonly clock: Clock;
  /** The turn whose answer is on its way. */
  private open: number | undefined;
  private settle: (() => void)[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  published({ stream, last }: PcmFrame): void {
    if (!last) this.open = stream;
    // Another one that ends is one that nobody has any more.
    else if (this.open === stream) this.open = undefined;
    if (this.open !== undefined) return;
    for (const settle of this.settle.splice(0)) settle();
  }

  /** Resolves when no answer is on its way, or after `limitMs`. */
  finished(limitMs: number): Promise<void> {
    if (this.open === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(limitMs, resolve);
      this.settle.push(() => {
        cancel();
        resolve();
      });
    });
  }
}
