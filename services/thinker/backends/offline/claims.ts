import type { Decision } from '#shared/contract/layers.ts';
import type { Clock } from '#shared/time/clock.ts';

/** The router decides within milliseconds of the transcript; one that is away must not cost the user more than this. */
const DECISION_WAIT_MS = 250;
/** The layer whose answer the offline backend stands in for. */
const THINKER_LAYER = 2;

/**
 * Finds out whether a sentence recognised offline is a command or a request to another layer, in which case somebody else
 * acts on it and a second answer would only confuse.
 */
export class Claims {
  private readonly clock: Clock;
  private readonly waiting = new Set<(decision: Pick<Decision, 'text' | 'layer'>) => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** To be told of every `router/decision`. */
  decided(decision: Pick<Decision, 'text' | 'layer'>): void {
    for (const take of [...this.waiting]) take(decision);
  }

  /** Resolves to true where the router gives the sentence to another layer; to false where it does not, is away or was aborted. */
  claimed(text: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (claimed: boolean) => {
        cancel();
        this.waiting.delete(take);
        signal.removeEventListener('abort', stop);
        resolve(claimed);
      };
      const take = (decision: Pick<Decision, 'text' | 'layer'>) => {
        if (decision.text.trim() === text.trim()) settle(decision.layer !== THINKER_LAYER);
      };
      const stop = () => settle(false);
      const cancel = this.clock.after(DECISION_WAIT_MS, stop);
      this.waiting.add(take);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
  }
}
