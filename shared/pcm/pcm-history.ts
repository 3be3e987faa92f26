import type { Resend } from '#shared/contract/audio-in.ts';
import type { PcmFrame } from './frame.ts';

/**
 * A stream whose listener is through with it is kept for this much longer: for one that is killed then and wants its last
 * second again, and for others who were away.
 */
const KEEP_FINISHED_MS = 30_000;

/** What a publisher keeps of its streams so that any subscriber can have it again. Bounded; the oldest frame goes first. */
export class PcmHistory {
  private readonly maxSamples: number;
  private frames: PcmFrame[] = [];
  private samples = 0;
  /** When the listener was through with a stream, Unix milliseconds. */
  private readonly finishedAtMs = new Map<number, number>();

  /** @param maxSamples how much is kept over all streams. */
  constructor(maxSamples: number) {
    this.maxSamples = maxSamples;
  }

  append(frame: PcmFrame): void {
    for (const [stream, atMs] of this.finishedAtMs) {
      if (frame.timeUs / 1_000 - atMs > KEEP_FINISHED_MS) this.drop(stream);
    }
    this.frames.push(frame);
    this.samples += frame.samples.length;
    this.evict();
  }

  /** Puts a frame of another process in its place, in whatever order they come; one that is kept already changes nothing. */
  insert(frame: PcmFrame): void {
    const isBehind = ({ stream, position, last }: PcmFrame) =>
      stream > frame.stream ||
      (stream === frame.stream && (position > frame.position || (position === frame.position && last >= frame.last)));
    const at = this.frames.findIndex(isBehind);
    const next = this.frames[at];
    if (next?.stream === frame.stream && next.position === frame.position && next.last === frame.last) return;
    this.frames.splice(at < 0 ? this.frames.length : at, 0, { ...frame, resent: false });
    this.samples += frame.samples.length;
    this.evict();
  }

  /** The frames that hold sample `from` or a later one of the stream, marked as sent again. Empty when nothing is kept. */
  since({ stream, from }: Resend): PcmFrame[] {
    return this.frames
      .filter((frame) => frame.stream === stream && (frame.last || frame.position + frame.samples.length > from))
      .map((frame) => ({ ...frame, resent: true }));
  }

  /** Every frame of streams no listener is through with yet, oldest first. */
  unfinished(): PcmFrame[] {
    return this.frames.filter(({ stream }) => !this.finishedAtMs.has(stream));
  }

  /** Whether anything of the stream is kept. */
  has(stream: number): boolean {
    return this.frames.some((frame) => frame.stream === stream);
  }

  /** The listener is through with the stream: its place is wanted for newer ones. @param atMs Unix milliseconds. */
  finished(stream: number, atMs: number): void {
    if (this.has(stream)) this.finishedAtMs.set(stream, atMs);
  }

  clear(): void {
    this.frames = [];
    this.samples = 0;
    this.finishedAtMs.clear();
  }

  /** The newest frame of every stream kept that is younger: enough for a subscriber to notice what it has missed. */
  newest(thanStream = -1): PcmFrame[] {
    const byStream = new Map<number, PcmFrame>();
    for (const frame of this.frames) if (frame.stream > thanStream) byStream.set(frame.stream, frame);
    return [...byStream.values()].map((frame) => ({ ...frame, resent: true }));
  }

  private evict(): void {
    let evicted = 0;
    while (this.samples > this.maxSamples && evicted < this.frames.length - 1) {
      this.samples -= this.frames[evicted]?.samples.length ?? 0;
      evicted += 1;
    }
    if (evicted > 0) this.frames = this.frames.slice(evicted);
  }

  private drop(stream: number): void {
    this.finishedAtMs.delete(stream);
    this.frames = this.frames.filter((frame) => frame.stream !== stream);
    this.samples = this.frames.reduce((sum, { samples }) => sum + samples.length, 0);
  }
}
