import type { Clock } from '#shared/time/clock.ts';
import type { OutputLatency } from '../outputs/output-keeper.ts';
import { type Inheritance, type PlayoutState, samplesOf } from '../playout/playout-state.ts';
import { endDoomed } from '../playout/turn-changes.ts';
import type { YieldingState } from '../yielding.ts';
import { type PlayoutRecord, PlayoutRecordFile } from './playout-record.ts';
import type { TurnEnd } from './untold-ends.ts';

/** A reply that goes on after half a minute of silence answers a question nobody remembers. */
const MAX_AGE_MS = 30_000;
/** Longer than a message takes on a busy machine, shorter than anybody waits for a reload. */
export const LAST_WORD_MS = 150;
/** Two devices of one kind differ in latency by about a period. A gap of this length is not heard; an overlap is. */
const GUARD_MS = 8;
/** No device has so much queued. A record by a clock that was ahead would keep the speaker silent until ours is there, too. */
const LONGEST_SILENCE_MS = 1_000;
const NEXT_TURNS = 3;
/** Numbers of turns that are over, as far back as late frames can be. */
const REMEMBERED_OVER = 64;
const REMEMBERED_KNOWN = 8;
const SAMPLES_PER_MS = 24;

/**
 * What of the record of a process that plays no more its successor takes over.
 * @param unwritten samples it has noted and not handed over.
 */
export function inheritanceOf(record: PlayoutRecord, nowMs: number, unwritten = 0): Inheritance {
  const { turns, current, leaving, over, known, final, toGo, perishable } = record;
  if (isStale(record, nowMs)) {
    const stale = [...turns, ...leaving].map(({ turn }) => turn);
    return { turns: [], leaving: [], over: [...over, ...stale], known: [], lostSamples: 0 };
  }
  if (final && toGo === 0) {
    // Everything it has handed over is heard, and it tells the end of that itself (see `untoldEndsOf`).
    return { turns, current, leaving: [], over: [...over, ...leaving.map(({ turn }) => turn)], known, lostSamples: 0 };
  }
  return { turns, current, leaving, over, known, lostSamples: perishable + unwritten };
}

/** What a process that has handed over its last sample has still to tell, when the device has played it. */
export function untoldEndsOf(record: PlayoutRecord, nowMs: number): TurnEnd[] {
  if (!record.final || record.toGo > 0 || isStale(record, nowMs)) return [];
  return record.leaving.map(({ turn, position }) => ({ turn, position }));
}

/** Whether the record was written for a period. The last word is not, nor is what goes through a pipe while it is taken back. */
export function isNotedWithPeriod({ final, toGo, perishable }: PlayoutRecord): boolean {
  return perishable === 0 && !(final && toGo === samplesOf(LAST_WORD_MS));
}

/** Samples for which its predecessor still sounds; on another device two voices at once would spoil both. */
export function silenceAfter({ silentAtMs }: PlayoutRecord, nowMs: number): number {
  const silentForMs = Math.min(silentAtMs - nowMs, LONGEST_SILENCE_MS);
  return silentForMs <= 0 ? 0 : samplesOf(silentForMs + GUARD_MS);
}

/** Turns that may have begun and ended while no speaker ran. */
export function turnsAfter({ over, turns, leaving }: PlayoutRecord): number[] {
  const newest = Math.max(0, ...over, ...[...turns, ...leaving].map(({ turn }) => turn));
  return newest === 0 ? [] : Array.from({ length: NEXT_TURNS }, (_none, index) => newest + 1 + index);
}

/** Of another time, or by another clock: one without a battery is behind after a power cut. */
export function isStale({ atMs }: PlayoutRecord, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) > MAX_AGE_MS;
}

/** Keeps the record of this process's playout on disk: cheap enough for every period, and silent while nothing changes. */
export class HandoverBook {
  private readonly file: PlayoutRecordFile;
  private readonly clock: Clock;
  private readonly process: string;
  private written: PlayoutState | undefined;
  private retrieving = false;

  /** @param process who writes, see `Processes`. */
  constructor(path: string, process: string, clock: Clock) {
    this.process = process;
    this.file = new PlayoutRecordFile(path);
    this.clock = clock;
  }

  /**
   * @param unheard samples handed over and not yet heard. @param perishable how many of them die with this process.
   * @param retrieving samples that are taken back out of the device's queue right after this, and are lost if this process dies
   * before it has written again. @param toGo in the last word, and until it has come true: samples still to hand over before this process stops.
   */
  write(
    state: PlayoutState,
    {
      heard,
      unheard,
      perishable,
      toGo,
      retrieving = 0,
    }: OutputLatency & { heard: YieldingState['heard']; toGo?: number; retrieving?: number },
  ): void {
    const isNews = retrieving > 0 || this.retrieving || hasMoved(this.written, state);
    if (toGo === undefined && !isNews) return;
    this.retrieving = retrieving > 0;
    this.written = state;
    const nowMs = this.clock.nowMs();
    // A turn that is fading out was dropped: if we are killed in its ramp, nobody takes it up again.
    const { turns, current, leaving, over, known } = endDoomed(state).state;
    this.file.write({
      process: this.process,
      atMs: nowMs,
      final: toGo !== undefined,
      toGo: toGo ?? 0,
      silentAtMs: nowMs + (unheard + (toGo ?? 0)) / SAMPLES_PER_MS,
      perishable: Math.max(perishable, retrieving),
      turns: turns.map(({ turn, position, told }) => ({ turn, position, told })),
      ...(current !== undefined && { current }),
      leaving: leaving.map(({ plan, left }) => ({ turn: plan.turn, position: plan.position, left })),
      over: over.slice(-REMEMBERED_OVER),
      known: known.slice(-REMEMBERED_KNOWN),
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
