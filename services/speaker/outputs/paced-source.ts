import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type OutputHooks, PERIOD_SAMPLES } from './output.ts';

const TICK_MS = 5;
/** A sound card holds about this much; a process that sleeps longer is heard as a gap. */
const CARD_BUFFER_MS = 40;

/**
 * Takes samples from `source` as a sound card would, in whole periods at real-time speed, and hands them to `write`.
 * Where this process was too late for a card, `write` gets the silence the card would have played, and `underran` is told.
 * Returns the stop.
 */
export function paceSource(
  clock: Clock,
  { source, underran, handedOver }: Pick<OutputHooks, 'source' | 'underran' | 'handedOver'>,
  write: (samples: Int16Array) => void,
): () => void {
  const startedAtMs = clock.nowMs();
  let taken = 0;
  return clock.every(TICK_MS, () => {
    const due = Math.floor(((clock.nowMs() - startedAtMs) * REPLY_RATE_HZ) / 1000);
    const late = due - taken - (CARD_BUFFER_MS * REPLY_RATE_HZ) / 1000;
    if (late > 0) {
      underran();
      write(new Int16Array(late));
      taken += late;
    }
    while (taken + PERIOD_SAMPLES <= due) {
      write(source(PERIOD_SAMPLES));
      handedOver();
      taken += PERIOD_SAMPLES;
    }
  });
}
