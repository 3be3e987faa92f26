import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type OutputHooks, PERIOD_SAMPLES } from './output.ts';

const TICK_MS = 5;
/** A sound card holds about this much; a process that sleeps longer is heard as a gap. */
const CARD_BUFFER_MS = 40;
/** A process that sleeps longer has not slept: the machine has learnt the time, or was asleep itself, and no card ran dry. */
const LONGEST_GAP_MS = 10_000;

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
  let startedAtMs = clock.nowMs();
  let taken = 0;
  return clock.every(TICK_MS, () => {
    const takenMs = (taken * 1000) / REPLY_RATE_HZ;
    if (clock.nowMs() - startedAtMs - takenMs > LONGEST_GAP_MS) startedAtMs = clock.nowMs() - takenMs;
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
