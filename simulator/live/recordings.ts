interface Piece {
  connection: number;
  fromSample: number;
  pcm: Buffer;
}

/** Everything the simulator heard, 16 kHz mono s16le, up to a limit; beyond it the oldest goes first. */
export class Recordings {
  private readonly limitBytes: number;
  private readonly pieces: Piece[] = [];
  private heldBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  append(connection: number, fromSample: number, pcm: Buffer): void {
    this.pieces.push({ connection, fromSample, pcm });
    this.heldBytes += pcm.length;
    while (this.heldBytes > this.limitBytes) this.heldBytes -= this.pieces.shift()?.pcm.length ?? this.heldBytes;
  }

  /** What is left of a range of one connection's sound, or of everything in the order it came. */
  samples(range?: { connection: number; fromSample?: number; toSample?: number }): Int16Array {
    const { fromSample = 0, toSample = Number.POSITIVE_INFINITY } = range ?? {};
    const overlapping = range
      ? this.pieces.filter(
          (piece) =>
            piece.connection === range.connection &&
            piece.fromSample < toSample &&
            piece.fromSample + piece.pcm.length / 2 > fromSample,
        )
      : this.pieces;
    const bytes = Buffer.concat(overlapping.map((piece) => piece.pcm));
    const whole = new Int16Array(bytes.length / 2);
    Buffer.from(whole.buffer).set(bytes);
    if (!range) return whole;
    const heldFrom = overlapping[0]?.fromSample ?? 0;
    return whole.subarray(Math.max(0, fromSample - heldFrom), Math.max(0, toSample - heldFrom));
  }
}
