import type { Clock } from './clock.ts';

interface Alarm {
  atMs: number;
  periodMs?: number;
  task: () => void;
}

/** A clock that stands still until a test moves it. Tasks run in time order, each seeing its own due time. */
export interface ManualClock extends Clock {
  advance(byMs: number): void;
}

/** @param startMs Unix time in milliseconds at which the clock starts. */
export function manualClock(startMs = 1_000_000): ManualClock {
  let nowMs = startMs;
  const alarms = new Set<Alarm>();

  function schedule(alarm: Alarm): () => void {
    alarms.add(alarm);
    return () => alarms.delete(alarm);
  }

  function nextDue(limitMs: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of alarms) if (alarm.atMs <= limitMs && (!first || alarm.atMs < first.atMs)) first = alarm;
    return first;
  }

  return {
    nowMs: () => nowMs,
    after: (delayMs, task) => schedule({ atMs: nowMs + delayMs, task }),
    every: (periodMs, task) => schedule({ atMs: nowMs + periodMs, periodMs, task }),
    advance(byMs) {
      const limitMs = nowMs + byMs;
      for (let alarm = nextDue(limitMs); alarm; alarm = nextDue(limitMs)) {
        nowMs = alarm.atMs;
        if (alarm.periodMs) alarm.atMs += alarm.periodMs;
        else alarms.delete(alarm);
        alarm.task();
      }
      nowMs = limitMs;
    },
  };
}
