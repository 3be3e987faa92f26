import type { Alert } from '#shared/contract/speaker.ts';
import type { Clock } from '#shared/time/clock.ts';

/** What the user was told at the moment of a handover is told again rather than cut short. */
const ALERT_MEMORY_MS = 2_000;
const MOST_REMEMBERED = 4;

/** Lets alerts through, but for those beside a predecessor: that one sounds them, and may stop in the middle of the newest. */
export class AlertGate {
  private readonly clock: Clock;
  private readonly play: (alert: Alert) => void;
  private isOpen = false;
  private missed: { alert: Alert; atMs: number }[] = [];

  constructor(clock: Clock, play: (alert: Alert) => void) {
    this.clock = clock;
    this.play = play;
  }

  sound(alert: Alert): void {
    if (this.isOpen) this.play(alert);
    else this.missed = [...this.missed, { alert, atMs: this.clock.nowMs() }].slice(-MOST_REMEMBERED);
  }

  /** The predecessor stops. */
  open(): void {
    this.isOpen = true;
    const nowMs = this.clock.nowMs();
    for (const { alert, atMs } of this.missed.splice(0)) if (nowMs - atMs < ALERT_MEMORY_MS) this.play(alert);
  }
}
