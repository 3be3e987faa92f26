import type { HistoryLine } from '../live/live-connection.ts';
import type { ConversationState, InheritedTurn } from './conversation-state.ts';
import { historyOf, type LedgerEntry, remember } from './ledger.ts';
import type { MemoryStore, UnfinishedTurn } from './memory-store.ts';
import { heardText, type Turn } from './turn.ts';

/** While an answer plays, what was heard of it is stored this often. */
const SAVE_PERIOD_MS = 1_000;

/** What was said and heard, kept over restarts, and what of it the model has been told. */
export class Recollection {
  /** What a predecessor left behind in the middle of a turn. */
  readonly unfinished: UnfinishedTurn | undefined;
  /** The spoken questions it had not come to. */
  readonly waiting: readonly InheritedTurn[];
  /** The last utterance a predecessor was done with. */
  readonly settledUtterance: number | undefined;
  private readonly store: MemoryStore;
  private ledger: readonly LedgerEntry[];
  private savedAtMs = Number.NEGATIVE_INFINITY;
  private toldCut = 0;
  private newestUtterance: number | undefined;

  constructor(store: MemoryStore, nowMs: number) {
    this.store = store;
    const { ledger, unfinished, waiting = [], settledUtterance } = store.load(nowMs);
    this.waiting = waiting;
    this.settledUtterance = settledUtterance;
    this.newestUtterance = settledUtterance;
    this.ledger = ledger;
    this.unfinished = unfinished;
  }

  /** The highest turn number that has been given, as far as is known. */
  get lastTurn(): number {
    return Math.max(this.unfinished?.turn ?? 0, this.ledger.at(-1)?.turn ?? 0);
  }

  remember(turn: Turn, atMs: number): void {
    this.ledger = remember(this.ledger, turn, atMs);
  }

  /** What a session has to be told that knows nothing said after `sinceMs`. */
  historySince(sinceMs: number): HistoryLine[] {
    return historyOf(this.ledger, sinceMs);
  }

  /** What was heard of the last answer, where it was cut and the model does not know yet how far it was heard. */
  takeCut(): string | undefined {
    const last = this.ledger.at(-1);
    if (!last?.cut || last.turn === this.toldCut) return undefined;
    this.toldCut = last.turn;
    return last.heard;
  }

  /** An utterance has begun. */
  heardOf(utterance: number): void {
    this.newestUtterance = Math.max(this.newestUtterance ?? 0, utterance);
  }

  /**
   * Stores all of it: `active` would be left unfinished if the process ended now. @param written its question, where it
   * came as text. @param often leaves out what changed within the last second.
   */
  save(
    { active, waiting }: Pick<ConversationState, 'active' | 'waiting'>,
    written: string | undefined,
    nowMs: number,
    often = false,
  ): void {
    if (often && nowMs - this.savedAtMs < SAVE_PERIOD_MS) return;
    this.savedAtMs = nowMs;
    const unfinished = active && {
      turn: active.number,
      kind: active.kind,
      ...(active.utterance !== undefined && { utterance: active.utterance }),
      text: written ?? active.userText,
      answering: active.replySamples > 0,
      heard: heardText(active),
    };
    const spoken = waiting.flatMap(({ number, utterance }) =>
      utterance === undefined ? [] : [{ turn: number, utterance }],
    );
    const pending = [...spoken, ...(active ? [active] : [])].flatMap(({ utterance }) => utterance ?? []);
    this.store.save({
      ledger: this.ledger,
      ...(unfinished && { unfinished }),
      ...(spoken.length > 0 && { waiting: spoken }),
      ...(this.newestUtterance !== undefined && {
        settledUtterance: Math.min(this.newestUtterance, ...pending.map((utterance) => utterance - 1)),
      }),
    });
  }
}
