/** The newest samples of the microphone by their position; older ones are overwritten. */
export class SampleRing {
  private readonly samples: Int16Array;
  private end: number;

  /** @param capacity how many samples are kept. @param start position of the first sample; what lies before is silence. */
  constructor(capacity: number, start = 0) {
    this.samples = new Int16Array(capacity);
    this.end = start;
  }

  /** One past the position of the newest sample. */
  get head(): number {
    return this.end;
  }

  /** Position of the oldest sample still there. */
  get tail(): number {
    return Math.max(0, this.end - this.samples.length);
  }

  append(samples: Int16Array): void {
    const kept = samples.length > this.samples.length ? samples.subarray(-this.samples.length) : samples;
    this.end += samples.length;
    const offset = (this.end - kept.length) % this.samples.length;
    const untilWrap = this.samples.length - offset;
    this.samples.set(kept.subarray(0, untilWrap), offset);
    this.samples.set(kept.subarray(untilWrap), 0);
  }

  /** Replaces the newest samples before `end` (a position at or before the head); what is no longer kept is left out. */
  replaceBefore(end: number, samples: Int16Array): void {
    const from = Math.max(end - samples.length, this.tail);
    for (let position = from; position < Math.min(end, this.end); position += 1) {
      this.samples[position % this.samples.length] = samples[samples.length - (end - position)] ?? 0;
    }
  }

  /** A copy of the samples from `from` up to `to`. Throws RangeError for positions that are not (or no longer) there. */
  read(from: number, to: number): Int16Array {
    if (from < this.tail || to > this.end || from > to) {
      throw new RangeError(`samples ${from} to ${to} are not in the ring (${this.tail} to ${this.end})`);
    }
    const result = new Int16Array(to - from);
    const offset = from % this.samples.length;
    const untilWrap = Math.min(result.length, this.samples.length - offset);
    result.set(this.samples.subarray(offset, offset + untilWrap));
    result.set(this.samples.subarray(0, result.length - untilWrap), untilWrap);
    return result;
  }
}
