/** Joins the byte chunks of one reply to whole samples: a chunk may end in the middle of one. */
export class PcmBytes {
  private half: Buffer = Buffer.alloc(0);

  /** The whole samples there are now, s16le. */
  take(bytes: Buffer): Int16Array {
    const all = this.half.length > 0 ? Buffer.concat([this.half, bytes]) : bytes;
    const whole = all.length - (all.length % 2);
    this.half = Buffer.from(all.subarray(whole));
    const samples = new Int16Array(whole / 2);
    Buffer.from(samples.buffer).set(all.subarray(0, whole));
    return samples;
  }

  reset(): void {
    this.half = Buffer.alloc(0);
  }
}
