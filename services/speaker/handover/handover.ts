import type { Clock } from '#shared/time/clock.ts';
import type { OutputLatency } from '../outputs/output-keeper.ts';
import type { Inheritance, PlayoutState } from '../playout/playout-state.ts';
import type { YieldingState } from '../yielding.ts';
import { type PlayoutRecord, PlayoutRecordFile } from './playout-record.ts';

/** A reply that goes on after half a minute of silence answers a question nobody remembers. */
const MAX_AGE_MS = 30_000;
/** Numbers of turns that are over, as far back as late frames can be. */
const REMEMBERED_OVER = 64;
const REMEMBERED_KNOWN = 8;
const SAMPLES_PER_MS = 24;

/** What of a record a successor takes over. */
export function inheritanceOf(record: PlayoutRecord, nowMs: number): Inheritance {
  const { turns, current, leaving, over, known, final, perishable } = record;
  if (Math.abs(nowMs - record.atMs) > MAX_AGE_MS) {
    const stale = [...turns, ...leaving].map(({ turn }) => turn);
    return { turns: [], leaving: [], over: [...over, ...stale], known: [], lostSamples: 0 };
  }
  return { turns, current, leaving, over, known, lostSamples: final ? 0 : perishable };
}

/** Keeps the record of this process's playout on disk: cheap enough for every period, and silent while nothing changes. */
export class HandoverBook {
  private readonly file: PlayoutRecordFile;
  private readonly clock: Clock;
  private readonly process: string;
  private written: PlayoutState | undefined;

  /** @param process who writes, see `Processes`. */
  constructor(path: string, process: string, clock: Clock) {
    this.process = process;
    this.file = new PlayoutRecordFile(path);
    this.clock = clock;
  }

  /**
   * @param unheard samples handed over and not yet heard. @param perishable how many of them die with this process.
   * @param final the last word: whatever is still leaving will be heard.
   */
  write(
    state: PlayoutState,
    { heard, unheard, perishable, final = false }: OutputLatency & { heard: YieldingState['heard']; final?: boolean },
  ): void {
    if (!final && !hasMoved(this.written, state)) return;
    this.written = state;
    const nowMs = this.clock.nowMs();
    const leaving = state.leaving.map(({ plan, left }) => ({ turn: plan.turn, position: plan.position, left }));
    this.file.write({
      process: this.process,
      atMs: nowMs,
      final,
      silentAtMs: nowMs + unheard / SAMPLES_PER_MS,
      perishable,
      turns: state.turns.map(({ turn, position, told }) => ({ turn, position, told })),
      ...(state.current !== undefined && { current: state.current }),
      leaving: final ? [] : leaving,
      over: [...state.over, ...(final ? leaving.map(({ turn }) => turn) : [])].slice(-REMEMBERED_OVER),
      known: state.known.slice(-REMEMBERED_KNOWN),
      ...(heard && { heard }),
    });
  }

  close(): void {
    this.file.close();
  }
}

function hasMoved(before: PlayoutState | undefined, now: PlayoutState): boolean {
  return before?.turns !== now.turns || before.leaving !== now.leaving || before.over !== now.over;
}
