/** Pings that are waited for; more than a question's worth means that nobody answers them. */
const MAX_UNANSWERED = 64;

/** What pongs tell of the way to the server, on the present connection. */
export class RoundTrips {
  /** The shorter of the last two without sound of ours ahead of them, as the server may be late with one; 0 before the first. */
  usualMs = 0;
  /** The newest ping that was answered: whatever had been sent before it has arrived. Unix milliseconds; 0 before the first. */
  pingedAtMs = 0;
  pongedAtMs = 0;
  private readonly unanswered = new Map<number, { atMs: number; behindSound: boolean }>();
  private idleMs: number[] = [];
  private count = 0;

  /** Another connection, and perhaps another network. */
  reset(): void {
    this.unanswered.clear();
    this.idleMs = [];
    this.usualMs = 0;
    this.pingedAtMs = 0;
    this.pongedAtMs = 0;
  }

  /** Returns the number the ping has to carry. */
  pinged(atMs: number, behindSound: boolean): number {
    this.count += 1;
    this.unanswered.set(this.count, { atMs, behindSound });
    const [oldest] = this.unanswered.keys();
    if (this.unanswered.size > MAX_UNANSWERED && oldest !== undefined) this.unanswered.delete(oldest);
    return this.count;
  }

  /** A pong nobody waits for, or without a number, tells nothing. */
  ponged(number: number, atMs: number): void {
    const ping = this.unanswered.get(number);
    if (!ping) return;
    // A server may answer the newest of several pings alone (RFC 6455, 5.5.3).
    for (const earlier of [...this.unanswered.keys()]) if (earlier <= number) this.unanswered.delete(earlier);
    this.pingedAtMs = ping.atMs;
    this.pongedAtMs = atMs;
    if (ping.behindSound) return;
    this.idleMs = [...this.idleMs, atMs - ping.atMs].slice(-2);
    this.usualMs = Math.min(...this.idleMs);
  }
}
