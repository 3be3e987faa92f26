import type { Resend } from '#shared/contract/audio-in.ts';
import type { PcmFrame } from './frame.ts';

/**
 * A stream whose listener is through with it is kept for this much longer: for one that is killed then and wants its last
 * second again, and for others who were away.
 */
const KEEP_FINISHED_MS = 30_000;

/**
 * Half a second of speech. Half a minute in 20 ms frames would be 1500 messages to every subscriber, behind which a process
 * that is replaced may not get its last words out.
 */
const RESENT_SAMPLES = 8_000;

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

  /**
   * Puts a frame of another process in its place, in whatever order they come. Sent again, several come as one: what is kept of
   * its samples already is kept once.
   */
  insert(frame: PcmFrame): void {
    if (this.frames.some((kept) => kept.stream === frame.stream && covers(kept, frame))) return;
    const others = this.frames.filter((kept) => kept.stream !== frame.stream || !covers(frame, kept));
    const behind = others.findIndex(
      ({ stream, position }) => stream > frame.stream || (stream === frame.stream && position > frame.position),
    );
    others.splice(behind < 0 ? others.length : behind, 0, { ...frame, resent: false });
    this.frames = others;
    this.samples = total(others);
    this.evict();
  }

  /** Sample `from` of the stream and all later ones that are kept, in few frames, marked as sent again. */
  since({ stream, from }: Resend): PcmFrame[] {
    const frames = this.frames.filter((frame) => frame.stream === stream && (frame.last || endOf(frame) > from));
    return inFewFrames(frames).map((frame) => ({ ...frame, resent: true }));
  }

  /** Everything that is kept, as `since` gives it. */
  all(): PcmFrame[] {
    return inFewFrames(this.frames).map((frame) => ({ ...frame, resent: true }));
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
    this.samples = total(this.frames);
  }
}

function endOf({ position, samples }: PcmFrame): number {
  return position + samples.length;
}

function covers(one: PcmFrame, other: PcmFrame): boolean {
  return one.position <= other.position && endOf(one) >= endOf(other) && (one.last || !other.last);
}

function total(frames: readonly PcmFrame[]): number {
  return frames.reduce((sum, { samples }) => sum + samples.length, 0);
}

/** The same samples, with frames that follow on each other put together: for everybody who asks at the same places. */
function inFewFrames(frames: readonly PcmFrame[]): PcmFrame[] {
  const place = ({ position }: PcmFrame) => Math.floor(position / RESENT_SAMPLES);
  const runs: PcmFrame[][] = [];
  for (const frame of frames) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    const follows =
      before?.stream === frame.stream && endOf(before) === frame.position && before.sampleRateHz === frame.sampleRateHz;
    if (run && follows && place(before) === place(frame)) run.push(frame);
    else runs.push([frame]);
  }
  return runs.map(joined);
}

function joined(run: readonly PcmFrame[]): PcmFrame {
  const [first] = run as [PcmFrame, ...PcmFrame[]];
  const samples = new Int16Array(total(run));
  for (const frame of run) samples.set(frame.samples, frame.position - first.position);
  return { ...first, last: run.some(({ last }) => last), samples };
}
