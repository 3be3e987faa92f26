import { isShortlyBefore } from '#shared/pcm/stream-number.ts';
import { answeredMeanwhile, onlyHeard } from '../live/instruction.ts';
import type { HistoryLine } from '../live/live-connection.ts';
import type { ConversationState } from './conversation-state.ts';
import { historyOf, type LedgerEntry, remember } from './ledger.ts';
import type { LeftBehind, LeftText, MemoryStore } from './memory-store.ts';
import { isOver, type Turn } from './turn.ts';

/** While an answer plays, what was heard of it is stored this often. */
const SAVE_PERIOD_MS = 1_000;
/**
 * By a clock that is behind by more (one without a battery, after a power cut) the utterances get numbers that others have had:
 * none of them is settled.
 */
const CLOCK_STEP_MS = 1_000;

/** What was said and heard, kept over restarts, and what of it the model has been told. */
export class Recollection {
  /** What a predecessor left behind, and when (Unix milliseconds). */
  readonly left: LeftBehind & { savedAtMs: number };
  /** The last utterance a predecessor was done with. */
  readonly settledUtterance: number | undefined;
  private readonly store: MemoryStore;
  private ledger: readonly LedgerEntry[];
  private savedAtMs = Number.NEGATIVE_INFINITY;
  private toldCut = 0;
  /** Turns that backends below Live have answered, and Live has not been told of. */
  private readonly untold = new Set<number>();
  private newestUtterance: number | undefined;

  constructor(store: MemoryStore, nowMs: number) {
    this.store = store;
    const { ledger, settledUtterance, savedAtMs = nowMs, ...left } = store.load(nowMs);
    this.left = { ...left, savedAtMs };
    this.settledUtterance = savedAtMs - nowMs > CLOCK_STEP_MS ? undefined : settledUtterance;
    this.newestUtterance = this.settledUtterance;
    this.ledger = ledger;
  }

  /** The highest turn number that has been given, as far as is known. */
  get lastTurn(): number {
    const { active, waiting = [], playing = [] } = this.left;
    const left = [...playing, ...(active ? [active] : [])].map(({ number }) => number);
    return Math.max(0, ...left, ...waiting.map(({ turn }) => turn), ...this.ledger.map(({ turn }) => turn));
  }

  remember(turn: Turn, atMs: number): void {
    if (turn.backend !== 'live' && !this.ledger.some((entry) => entry.turn === turn.number)) {
      this.untold.add(turn.number);
    }
    this.ledger = remember(this.ledger, turn, atMs);
  }

  /** What a session has to be told that knows nothing said after `sinceMs`. */
  historySince(sinceMs: number): HistoryLine[] {
    return historyOf(this.ledger, sinceMs);
  }

  /** As `historySince`, for the Live session, which knows it from then on. */
  tellSince(sinceMs: number): HistoryLine[] {
    for (const { turn, atMs } of this.ledger) if (atMs > sinceMs) this.untold.delete(turn);
    return this.historySince(sinceMs);
  }

  /**
   * What the Live session has not noticed, each once: what others have answered, and how much of the last answer was heard,
   * where it was cut.
   */
  takeNews(): string[] {
    const meanwhile = this.ledger.filter(({ turn }) => this.untold.has(turn));
    this.untold.clear();
    const news = meanwhile.map(({ user, heard }) => answeredMeanwhile(user, heard));
    const last = this.ledger.at(-1);
    if (!last?.cut || last.turn === this.toldCut) return news;
    this.toldCut = last.turn;
    return [...news, onlyHeard(last.heard)];
  }

  /** An utterance has begun. */
  heardOf(utterance: number): void {
    if (this.newestUtterance === undefined || !isShortlyBefore(utterance, this.newestUtterance))
      this.newestUtterance = utterance;
  }

  /**
   * Stores all of it, with the turns that would be left behind if the process ended now. @param texts those of the active
   * turn and of the waiting ones. @param often leaves out what changed within the last second.
   */
  save(
    { active, waiting, inherited, recent }: Pick<ConversationState, 'active' | 'waiting' | 'inherited' | 'recent'>,
    texts: readonly LeftText[],
    nowMs: number,
    often = false,
  ): void {
    if (often && nowMs - this.savedAtMs < SAVE_PERIOD_MS) return;
    this.savedAtMs = nowMs;
    const playing = recent.filter((turn) => !isOver(turn) || turn.playback === 'playing');
    const queued = waiting.flatMap(({ number: turn, utterance }) =>
      utterance === undefined ? [] : { turn, utterance },
    );
    const spoken = [...inherited, ...queued];
    const pending = [...spoken, ...(active ? [active] : [])].flatMap(({ utterance }) => utterance ?? []);
    this.store.save({
      ledger: this.ledger,
      ...(active && { active }),
      ...(texts.length > 0 && { texts }),
      ...(spoken.length > 0 && { waiting: spoken }),
      ...(playing.length > 0 && { playing }),
      ...(this.newestUtterance !== undefined && {
        settledUtterance: Math.min(this.newestUtterance, ...pending.map((utterance) => utterance - 1)),
      }),
    });
  }
}
