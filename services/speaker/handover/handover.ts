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

/** What of the record of a process that is no more its successor takes over. */
export function inheritanceOf(record: PlayoutRecord, nowMs: number): Inheritance {
  const { turns, current, leaving, over, known, final, toGo, perishable } = record;
  if (Math.abs(nowMs - record.atMs) > MAX_AGE_MS) {
    const stale = [...turns, ...leaving].map(({ turn }) => turn);
    return { turns: [], leaving: [], over: [...over, ...stale], known: [], lostSamples: 0 };
  }
  return { turns, current, leaving, over, known, lostSamples: final ? toGo : perishable };
}

/** Keeps the record of this process's playout on disk: cheap enough for every period, and silent while nothing changes. */
export class HandoverBook {
  private readonly file: PlayoutRecordFile;
  private readonly clock: Clock;
  private readonly process: string;
  private written: PlayoutState | undefined;
  private record: PlayoutRecord | undefined;

  /** @param process who writes, see `Processes`. */
  constructor(path: string, process: string, clock: Clock) {
    this.process = process;
    this.file = new PlayoutRecordFile(path);
    this.clock = clock;
  }

  /** @param unheard samples handed over and not yet heard. @param perishable how many of them die with this process. */
  write(state: PlayoutState, { heard, unheard, perishable }: OutputLatency & { heard: YieldingState['heard'] }): void {
    if (!hasMoved(this.written, state)) return;
    this.written = state;
    const leaving = state.leaving.map(({ plan, left }) => ({ turn: plan.turn, position: plan.position, left }));
    this.put({ ...this.common(state, heard, unheard), final: false, toGo: 0, perishable, leaving });
  }

  /**
   * The last word: after `toGo` samples more the playout will be `ahead`, and everything handed over will be heard.
   * To be followed by `comeTo` as they go.
   */
  writeLast(
    ahead: PlayoutState,
    { heard, unheard, toGo }: { heard: YieldingState['heard']; unheard: number; toGo: number },
  ): void {
    const common = this.common(ahead, heard, unheard + toGo);
    const over = [...common.over, ...ahead.leaving.map(({ plan }) => plan.turn)].slice(-REMEMBERED_OVER);
    this.put({ ...common, over, final: true, toGo, perishable: 0, leaving: [] });
  }

  /** As many samples are still to go until the last word is true. */
  comeTo(toGo: number): void {
    if (this.record?.final && this.record.toGo !== toGo) this.put({ ...this.record, toGo });
  }

  private common(state: PlayoutState, heard: YieldingState['heard'], unheard: number) {
    const nowMs = this.clock.nowMs();
    return {
      process: this.process,
      atMs: nowMs,
      silentAtMs: nowMs + unheard / SAMPLES_PER_MS,
      turns: state.turns.map(({ turn, position, told }) => ({ turn, position, told })),
      ...(state.current !== undefined && { current: state.current }),
      over: state.over.slice(-REMEMBERED_OVER),
      known: state.known.slice(-REMEMBERED_KNOWN),
      ...(heard && { heard }),
    };
  }

  private put(record: PlayoutRecord): void {
    this.record = record;
    this.file.write(record);
  }

  close(): void {
    this.file.close();
  }
}

function hasMoved(before: PlayoutState | undefined, now: PlayoutState): boolean {
  return before?.turns !== now.turns || before.leaving !== now.leaving || before.over !== now.over;
}
