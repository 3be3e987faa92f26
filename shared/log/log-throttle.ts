import type { Clock } from '#shared/time/clock.ts';

const PERIOD_MS = 10_000;
/** Keys may come from a stranger (topics, addresses); beyond this many all further ones share one line. */
const MAX_KEYS = 200;

/** Keeps one cause from filling the log: a line per key every ten seconds, which says how many were held back before it. */
export class LogThrottle {
  private readonly clock: Clock;
  private readonly keys = new Map<string, { untilMs: number; heldBack: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The number of lines held back since the last one where a line is due; undefined where this one is to be held back. */
  due(key: string): number | undefined {
    const nowMs = this.clock.nowMs();
    if (!this.keys.has(key) && this.keys.size >= MAX_KEYS) this.forgetIdle(nowMs);
    const known = this.keys.has(key) || this.keys.size < MAX_KEYS ? key : '';
    const entry = this.keys.get(known);
    if (entry && nowMs < entry.untilMs) {
      entry.heldBack += 1;
      return undefined;
    }
    this.keys.set(known, { untilMs: nowMs + PERIOD_MS, heldBack: 0 });
    return entry?.heldBack ?? 0;
  }

  private forgetIdle(nowMs: number): void {
    for (const [key, { untilMs }] of this.keys) if (nowMs >= untilMs) this.keys.delete(key);
  }
}
