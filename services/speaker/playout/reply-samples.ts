import { samplesOf } from './playout-state.ts';

interface Chunk {
  from: number;
  samples: Int16Array;
}

/** Samples already handed over are kept for as long as a device may take to play them, in case it is lost. */
const KEEP_BEHIND = samplesOf(2_000);
/** Five minutes over all turns, 14 MB. The longest reply the model is allowed is below one. */
const MAX_SAMPLES = samplesOf(300_000);

/** The samples of the turns in playout, by position. Bounded: what does not fit is refused, and the caller counts it. */
export class ReplySamples {
  private readonly turns = new Map<number, Chunk[]>();
  private held = 0;

  /** False when there is no room. Chunks of a turn come in order of position. */
  append(turn: number, from: number, samples: Int16Array): boolean {
    if (this.held + samples.length > MAX_SAMPLES) return false;
    this.held += samples.length;
    const chunks = this.turns.get(turn);
    if (chunks) chunks.push({ from, samples });
    else this.turns.set(turn, [{ from, samples }]);
    return true;
  }

  /** Calls `visit` with every sample of the stretch; a sample that is not there is 0. Frees what lies far behind. */
  read(turn: number, from: number, count: number, visit: (index: number, sample: number) => void): void {
    const chunks = this.turns.get(turn) ?? [];
    for (const { from: first, samples } of chunks) {
      if (first >= from + count) break;
      const start = Math.max(from, first);
      const end = Math.min(from + count, first + samples.length);
      for (let position = start; position < end; position += 1) visit(position - from, samples[position - first] ?? 0);
    }
    for (
      let oldest = chunks[0];
      oldest && oldest.from + oldest.samples.length < from - KEEP_BEHIND;
      oldest = chunks[0]
    ) {
      this.held -= oldest.samples.length;
      chunks.shift();
    }
  }

  forget(turn: number): void {
    for (const { samples } of this.turns.get(turn) ?? []) this.held -= samples.length;
    this.turns.delete(turn);
  }
}
