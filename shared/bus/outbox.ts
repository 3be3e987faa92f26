/** A QoS 1 message kept while the broker is away. */
export interface KeptMessage {
  topic: string;
  bytes: Buffer;
  keptAtMs: number;
}

/** Older news is worse than none: a command or a turn state from before a long outage would act on another moment. */
const KEEP_MS = 10_000;
const KEEP_BYTES = 1_000_000;

/** What waits for the broker: bounded by age and bytes, the oldest dropped first, every drop counted. */
export class Outbox {
  private messages: KeptMessage[] = [];
  private bytes = 0;
  dropped = 0;

  /** How many messages wait. */
  get size(): number {
    return this.messages.length;
  }

  keep(message: KeptMessage): void {
    this.messages.push(message);
    this.bytes += message.bytes.length;
    while (this.bytes > KEEP_BYTES) this.dropOldest();
  }

  /** Everything still worth sending, in order; the outbox is empty afterwards. */
  take(nowMs: number): KeptMessage[] {
    while (this.messages[0] && nowMs - this.messages[0].keptAtMs > KEEP_MS) this.dropOldest();
    this.bytes = 0;
    return this.messages.splice(0);
  }

  private dropOldest(): void {
    const oldest = this.messages.shift();
    if (!oldest) return;
    this.bytes -= oldest.bytes.length;
    this.dropped += 1;
  }
}
