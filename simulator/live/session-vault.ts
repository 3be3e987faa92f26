import type { Context, Resumption } from './session-state.ts';

/** Handles are good for this long. */
const HANDLE_LIFE_MS = 2 * 60 * 60_000;
/** Enough for a day of turns; the oldest handle goes first. */
const MAX_HANDLES = 1_000;

/** The server's memory of conversations that can be resumed. */
export class SessionVault {
  private readonly kept = new Map<string, { context: Context; issuedAtMs: number; connection: number }>();

  /** @param connection the one that was given the handle. */
  remember(handle: string, kept: { context: Context; issuedAtMs: number; connection: number }): void {
    this.kept.set(handle, kept);
    const oldest = this.kept.keys().next();
    if (this.kept.size > MAX_HANDLES && !oldest.done) this.kept.delete(oldest.value);
  }

  /** @param isOpen whether a connection is still up: its handles cannot be used before it is gone. */
  recall(handle: string, nowMs: number, isOpen: (connection: number) => boolean): Resumption {
    const kept = this.kept.get(handle);
    if (!kept || nowMs - kept.issuedAtMs > HANDLE_LIFE_MS) return { kind: 'unknown' };
    if (isOpen(kept.connection)) return { kind: 'still-open' };
    return { kind: 'found', context: kept.context };
  }

  /** As if two hours had passed. */
  expireAll(): void {
    this.kept.clear();
  }
}
