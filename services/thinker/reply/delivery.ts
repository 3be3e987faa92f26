import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { Clock } from '#shared/time/clock.ts';

/** Follows whether an answer is on its way: no other connection can be given what has not come of it. */
export class Delivery {
  private readonly clock: Clock;
  private isOpen = false;
  private settle: (() => void)[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  published({ last }: PcmFrame): void {
    this.isOpen = !last;
    if (!last) return;
    for (const settle of this.settle.splice(0)) settle();
  }

  /** Resolves when no answer is on its way, or after `limitMs`. */
  finished(limitMs: number): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(limitMs, resolve);
      this.settle.push(() => {
        cancel();
        resolve();
      });
    });
  }
}
