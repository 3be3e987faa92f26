import type { HistoryLine } from '../live/live-connection.ts';
import { heardText, type Turn } from './turn.ts';

/** One exchange as it really went: the answer as far as it reached the ear. */
export interface LedgerEntry {
  turn: number;
  atMs: number;
  user: string;
  heard: string;
  /** The listener did not hear all of the answer. */
  cut: boolean;
}

/** More is not worth its tokens: every line is billed again with every turn. */
const MAX_ENTRIES = 40;
const MAX_CHARACTERS = 12_000;
/** Put behind an answer that was cut. */
const CUT_MARK = '— [interrupted here; the wearer did not hear the rest]';

/** The ledger with the turn's present record in it. A turn that left nothing to tell changes nothing. */
export function remember(ledger: readonly LedgerEntry[], turn: Turn, atMs: number): LedgerEntry[] {
  const others = ledger.filter((entry) => entry.turn !== turn.number);
  const heard = turn.phase === 'done' ? turn.modelText : heardText(turn);
  if (!turn.userText && !heard) return others;
  // A handle that comes after this moment stands for a session that knows the turn.
  const { generationComplete, interrupted } = turn.timings;
  const entry = {
    turn: turn.number,
    atMs: generationComplete ?? interrupted ?? atMs,
    user: turn.userText,
    heard,
    cut: turn.phase !== 'done',
  };
  return trim([...others, entry].sort((one, other) => one.turn - other.turn));
}

/** What a session has to be told that knows nothing said after `sinceMs`. Begins with the user and alternates, as Gemini demands. */
export function historyOf(ledger: readonly LedgerEntry[], sinceMs: number): HistoryLine[] {
  const lines: HistoryLine[] = [];
  for (const { atMs, user, heard, cut } of ledger) {
    if (atMs <= sinceMs) continue;
    lines.push({ role: 'user', text: user || '[a question that was not understood]' });
    lines.push({ role: 'model', text: `${heard}${cut ? ` ${CUT_MARK}` : ''}`.trim() || '[no answer]' });
  }
  return lines;
}

function trim(entries: LedgerEntry[]): LedgerEntry[] {
  let kept = entries.slice(-MAX_ENTRIES);
  while (kept.length > 1 && characters(kept) > MAX_CHARACTERS) kept = kept.slice(1);
  return kept;
}

function characters(entries: readonly LedgerEntry[]): number {
  return entries.reduce((sum, { user, heard }) => sum + user.length + heard.length, 0);
}
