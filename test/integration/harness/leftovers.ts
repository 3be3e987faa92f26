/** What a test has started and not ended yet. One that fails in the middle leaves it behind, and would meet it when it is tried again. */
const started = new Set<() => unknown>();

/**
 * @param end has to put up with being called when there is nothing left to end.
 * @returns to be called when it has ended by itself.
 */
export function leaveToBeEnded(end: () => unknown): () => void {
  started.add(end);
  return () => started.delete(end);
}

/** What runs now belongs to the whole file. */
export function keepLeftovers(): void {
  started.clear();
}

/** Ends what was started since, the last one first. */
export async function endLeftovers(): Promise<void> {
  for (const end of [...started].reverse()) await end();
  started.clear();
}
