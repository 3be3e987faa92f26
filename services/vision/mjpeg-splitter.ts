/** One complete JPEG file out of a stream. */
export interface SplitFrame {
  readonly jpeg: Uint8Array;
  /** The time given with the chunk that held the frame's first byte. */
  readonly beganAtMs: number;
}

const MARKER = 0xff;
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const START = Buffer.from([MARKER, START_OF_IMAGE, MARKER]);
const INITIAL_BYTES = 256 * 1_024;

/** Markers without a length and a content (ITU-T T.81, table B.1): TEM and RST0 to RST7. */
const standsAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
/** What may come between the scans of one picture: DHT, SOS, DQT, DNL, DRI, COM. */
const mayFollowScan = (marker: number) =>
  marker === 0xc4 || (marker >= START_OF_SCAN && marker <= 0xdd) || marker === 0xfe;

/**
 * Cuts a stream of JPEG files (MJPEG as rpicam-vid and ffmpeg write it) into frames by following each file's own
 * structure, so that a thumbnail inside a segment ends nothing. What is no frame is skipped and counted; a frame that
 * breaks off costs itself only. Holds at most `maxFrameBytes` and one chunk.
 */
export class MjpegSplitter {
  /** Bytes so far that belonged to no complete frame. */
  skippedBytes = 0;
  private readonly maxFrameBytes: number;
  private buffer: Buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  private filled = 0;
  /** Where the chunks in the buffer begin, and when they came. */
  private arrivals: { from: number; atMs: number }[] = [];
  private place: 'between frames' | 'in segments' | 'in scan' = 'between frames';
  /** Everything before is understood. */
  private at = 0;

  constructor(maxFrameBytes = 4_000_000) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** The frames that are complete with this chunk, oldest first. @param atMs when the chunk arrived. */
  push(chunk: Uint8Array, atMs: number): SplitFrame[] {
    this.append(chunk, atMs);
    const frames: SplitFrame[] = [];
    while (this.findStart()) {
      const end = this.findEnd();
      if (end === 'not yet') {
        if (this.filled <= this.maxFrameBytes) break;
        this.giveUpFrame();
      } else if (end === 'broken') this.giveUpFrame();
      else {
        const jpeg = Uint8Array.from(this.buffer.subarray(0, end));
        frames.push({ jpeg, beganAtMs: this.arrivals[0]?.atMs ?? atMs });
        this.drop(end);
      }
    }
    return frames;
  }

  /** True where the buffer begins with a frame's first bytes. */
  private findStart(): boolean {
    if (this.place !== 'between frames') return true;
    const start = this.buffer.subarray(0, this.filled).indexOf(START);
    // The last two bytes may be the first two of a start.
    const useless = start < 0 ? Math.max(0, this.filled - START.length + 1) : start;
    this.skippedBytes += useless;
    this.drop(useless);
    if (start < 0) return false;
    this.place = 'in segments';
    this.at = 2;
    return true;
  }

  /** The length of the frame the buffer begins with. */
  private findEnd(): number | 'not yet' | 'broken' {
    for (;;) {
      if (this.place === 'in scan') {
        const next = this.buffer.subarray(0, this.filled).indexOf(MARKER, this.at);
        this.at = next < 0 ? this.filled : next;
      }
      if (this.at + 2 > this.filled) return 'not yet';
      const marker = this.buffer[this.at + 1] ?? 0;
      if (this.buffer[this.at] !== MARKER) return 'broken';
      if (marker === END_OF_IMAGE) return this.place === 'in scan' ? this.at + 2 : 'broken';
      if (marker === MARKER) this.at += 1;
      else if (standsAlone(marker) || (marker === 0 && this.place === 'in scan')) this.at += 2;
      else if (marker === 0 || marker === START_OF_IMAGE) return 'broken';
      else if (this.place === 'in scan' && !mayFollowScan(marker)) return 'broken';
      else {
        if (this.at + 4 > this.filled) return 'not yet';
        const length = this.buffer.readUInt16BE(this.at + 2);
        if (length < 2) return 'broken';
        if (this.at + 2 + length > this.filled) return 'not yet';
        this.at += 2 + length;
        this.place = marker === START_OF_SCAN ? 'in scan' : 'in segments';
      }
    }
  }

  /** Looks for the next start behind the one that led nowhere; whole frames may lie in what is already here. */
  private giveUpFrame(): void {
    this.skippedBytes += 2;
    this.drop(2);
  }

  private drop(bytes: number): void {
    this.buffer.copyWithin(0, bytes, this.filled);
    this.filled -= bytes;
    this.at = 0;
    this.place = 'between frames';
    for (const arrival of this.arrivals) arrival.from -= bytes;
    while (this.arrivals[1] && this.arrivals[1].from <= 0) this.arrivals.shift();
  }

  private append(chunk: Uint8Array, atMs: number): void {
    const needed = this.filled + chunk.length;
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.filled);
      this.buffer = larger;
    }
    if (this.filled === 0) this.arrivals = [];
    this.arrivals.push({ from: this.filled, atMs });
    this.buffer.set(chunk, this.filled);
    this.filled = needed;
  }
}
