import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';

/** Redeliveries come within seconds; a person who sends the same id again a minute later means it. */
const WINDOW_MS = 60_000;
/** More requests than this within the window are forgotten, the oldest first. */
const MAX_REMEMBERED = 256;

/** Knows the requests of the last minute by their ids: at QoS 1 the broker may deliver one twice. */
export class Repeats {
  private readonly clock: Clock;
  private readonly meters: Meters;
  private readonly seenAtMs = new Map<string, number>();

  constructor(clock: Clock, meters: Meters) {
    this.clock = clock;
    this.meters = meters;
  }

  /** Whether this id came within the last minute; from now on it has. */
  isRepeat(id: string): boolean {
    const nowMs = this.clock.nowMs();
    const beforeMs = this.seenAtMs.get(id);
    if (beforeMs !== undefined && nowMs - beforeMs < WINDOW_MS) {
      this.meters.count('requestsRepeated');
      return true;
    }
    this.seenAtMs.delete(id);
    this.seenAtMs.set(id, nowMs);
    const oldest = this.seenAtMs.keys().next().value;
    if (this.seenAtMs.size > MAX_REMEMBERED && oldest !== undefined) this.seenAtMs.delete(oldest);
    return false;
  }
}
