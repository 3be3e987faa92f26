interface Waiting<Part> {
  resolve(result: IteratorResult<Part, undefined>): void;
  reject(error: unknown): void;
}

/**
 * Hands parts from one producer to one consumer, in order. It holds as much as the producer does not wait for: a producer
 * that awaits `push` has at most one part in it.
 */
export class PartQueue<Part> implements AsyncIterableIterator<Part, undefined> {
  private readonly parts: { part: Part; settle: (taken: boolean) => void }[] = [];
  private waiting: Waiting<Part> | undefined;
  private ended: { error?: unknown } | undefined;

  /** Resolves to true when the consumer has taken the part, to false when it never will. */
  push(part: Part): Promise<boolean> {
    if (this.ended) return Promise.resolve(false);
    if (this.waiting) {
      this.waiting.resolve({ value: part, done: false });
      this.waiting = undefined;
      return Promise.resolve(true);
    }
    return new Promise((settle) => this.parts.push({ part, settle }));
  }

  /** The consumer gets what is in the queue, and then the end or the error. */
  end(failure?: { error: unknown }): void {
    if (this.ended) return;
    this.ended = failure ?? {};
    this.settle();
  }

  /** The consumer gets nothing more. */
  close(): void {
    for (const { settle } of this.parts.splice(0)) settle(false);
    this.ended = {};
    this.settle();
  }

  next(): Promise<IteratorResult<Part, undefined>> {
    const first = this.parts.shift();
    if (first) {
      first.settle(true);
      return Promise.resolve({ value: first.part, done: false });
    }
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      if (this.ended) this.settle();
    });
  }

  return(): Promise<IteratorResult<Part, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private settle(): void {
    const { waiting, ended } = this;
    if (!waiting || !ended) return;
    this.waiting = undefined;
    if ('error' in ended) waiting.reject(ended.error);
    else waiting.resolve({ value: undefined, done: true });
    this.ended = {};
  }
}
