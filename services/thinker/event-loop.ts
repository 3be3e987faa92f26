import type { Clock } from '#shared/time/clock.ts';

export interface EventLoopOptions<Event> {
  clock: Clock;
  /** Takes one event and carries out its effects. */
  step(event: Event): void;
  /** After the last of the events that are there. */
  settled?(): void;
  /** When time alone has something to do next, Unix milliseconds; undefined: never. Asked after every event. */
  wakeMs(): number | undefined;
  /** That time has come. */
  wake(): void;
}

/** Feeds a state machine one event at a time (effects may cause events; those wait) and wakes it when it wants to be woken. */
export class EventLoop<Event> {
  private readonly options: EventLoopOptions<Event>;
  private readonly queue: Event[] = [];
  private working = false;
  private stopped = false;
  private cancelWake: (() => void) | undefined;

  constructor(options: EventLoopOptions<Event>) {
    this.options = options;
  }

  take(event: Event): void {
    if (this.stopped) return;
    this.queue.push(event);
    if (this.working) return;
    this.working = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.options.step(next);
    } finally {
      this.working = false;
    }
    this.options.settled?.();
    this.setAlarm();
  }

  /** Nothing is taken any more, and nobody is woken. */
  stop(): void {
    this.stopped = true;
    this.cancelWake?.();
  }

  private setAlarm(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    const { clock, wakeMs, wake } = this.options;
    const atMs = wakeMs();
    if (atMs === undefined || this.stopped) return;
    this.cancelWake = clock.after(Math.max(0, atMs - clock.nowMs()), wake);
  }
}
