interface Tally {
  /** Digests of the wrong passwords tried, with the time of the first try of each. */
  wrong: Map<string, number>;
}

/** Ten different wrong passwords a minute: a person who mistypes never meets it, a search needs centuries. */
const MAX_GUESSES = 10;
const WINDOW_MS = 60_000;
/** Beyond this many addresses the one that was wrong longest ago is forgotten. */
const MAX_SOURCES = 1_000;

/**
 * Slows down whoever searches for a password, and nobody else. Only *different* wrong passwords count: a layer that
 * keeps reconnecting with an old password must not lock out the others that share its address and account.
 */
export class GuessLimit {
  private readonly tallies = new Map<string, Tally>();

  /** Whether a try from `source` may be looked at; `digest` stands for the password. */
  mayTry(source: string, digest: string, nowMs: number): boolean {
    const tally = this.tallies.get(source);
    if (!tally) return true;
    for (const [guess, triedAtMs] of tally.wrong) if (nowMs - triedAtMs >= WINDOW_MS) tally.wrong.delete(guess);
    return tally.wrong.size < MAX_GUESSES || tally.wrong.has(digest);
  }

  wasWrong(source: string, digest: string, nowMs: number): void {
    const tally = this.tallies.get(source) ?? { wrong: new Map<string, number>() };
    this.tallies.delete(source);
    this.tallies.set(source, tally);
    if (!tally.wrong.has(digest)) tally.wrong.set(digest, nowMs);
    const oldest = this.tallies.size > MAX_SOURCES ? this.tallies.keys().next() : undefined;
    if (oldest && !oldest.done) this.tallies.delete(oldest.value);
  }
}
