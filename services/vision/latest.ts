/**
 * Runs `work` on one item at a time; what arrives meanwhile waits in a single place where the newest replaces the older one.
 * So a slow stage never builds a queue and always goes on with the latest picture.
 */
export class Latest<Item> {
  private readonly work: (item: Item) => Promise<void>;
  private readonly replaced: () => void;
  private waiting: { item: Item } | undefined;
  private busy = false;

  /** @param work must not reject. @param replaced is called for each item that was never worked on. */
  constructor(work: (item: Item) => Promise<void>, replaced: () => void) {
    this.work = work;
    this.replaced = replaced;
  }

  offer(item: Item): void {
    if (this.waiting) this.replaced();
    this.waiting = { item };
    if (!this.busy) void this.run();
  }

  /** Forgets what waits; what is in work goes on to its end. */
  clear(): void {
    this.waiting = undefined;
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.waiting) {
      const { item } = this.waiting;
      this.waiting = undefined;
      await this.work(item);
    }
    this.busy = false;
  }
}
