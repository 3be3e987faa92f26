import { Duplex } from 'node:stream';
import type { Clock } from '#shared/time/clock.ts';
import { freshPace, type Pace, spend } from './pace.ts';
import { PacketFraming } from './packet-framing.ts';
import { WaitingPackets } from './waiting-packets.ts';

/** Before its login a client has nothing long to say; a will fits. */
const MAX_PACKET_BEFORE_LOGIN_BYTES = 64_000;
/** What Aedes gets to parse in one go: some 800 of the smallest packets, about 10 ms. */
const SLICE_BYTES = 16_384;
/** What one subscriber may have waiting before QoS 0 messages pass it by: four seconds of everything. */
const SHED_ABOVE_BYTES = 1_000_000;
/** Acknowledged messages are never passed by; whoever lets this much pile up is cut off. */
const EVICT_ABOVE_BYTES = 4_000_000;
/** The same two bounds counted in chunks (a packet is three), because tiny ones cost more than their bytes. */
const SHED_ABOVE_CHUNKS = 10_000;
const EVICT_ABOVE_CHUNKS = 60_000;
/** A subscriber that has not taken a byte for this long is frozen. Nobody waits for it meanwhile. */
const FROZEN_AFTER_MS = 10_000;
/** One write to the socket; its completion is what counts as progress of a slow reader. */
const BATCH_BYTES = 65_536;

/**
 * Stands between a client's socket and Aedes, so that no client can hold up or bloat the broker.
 *
 * Aedes waits for a full socket before it counts a message as delivered, and it has a hundred places for waiting messages
 * in all: one frozen subscriber takes them, and then nobody hears anything. Writes to this stream never wait. What
 * the socket does not take queues here, bounded: above the first bound QoS 0 messages should pass the client by
 * (`isBehind`), at the second it is cut off. Reading is paced, in slices, and refuses a long packet at its header.
 */
export class GuardedConnection extends Duplex {
  private readonly inner: Duplex;
  private readonly clock: Clock;
  private readonly framing = new PacketFraming(MAX_PACKET_BEFORE_LOGIN_BYTES);
  private pace: Pace;
  private arrived: Buffer | undefined;
  private nextSlice: NodeJS.Immediate | undefined;
  private cancelPause: (() => void) | undefined;
  private waitingChunks = 0;
  private readonly waitingPackets = new WaitingPackets();
  /** Undefined until the client is cut off; then how many packets it will never have. */
  packetsCutOff: number | undefined;
  private progressAtMs: number;

  constructor(inner: Duplex, clock: Clock) {
    super({
      readableHighWaterMark: SLICE_BYTES,
      // `write` never says "wait"; the bounds above take the place of this one.
      writableHighWaterMark: Number.MAX_SAFE_INTEGER,
    });
    this.inner = inner;
    this.clock = clock;
    this.pace = freshPace(clock.nowMs());
    this.progressAtMs = clock.nowMs();
    inner.pause();
    inner.on('data', (chunk: Buffer) => this.receive(chunk));
    inner.on('end', () => this.ended());
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => this.destroy());
  }

  get remoteAddress(): string | undefined {
    return 'remoteAddress' in this.inner ? (this.inner.remoteAddress as string | undefined) : undefined;
  }

  /** Bytes that wait for the client to read. */
  get backlogBytes(): number {
    return this.writableLength;
  }

  /** True while messages that may be lost (QoS 0) should pass this client by. */
  get isBehind(): boolean {
    return this.writableLength > SHED_ABOVE_BYTES || this.waitingChunks > SHED_ABOVE_CHUNKS;
  }

  isFrozen(nowMs: number): boolean {
    return this.writableLength > 0 && nowMs - this.progressAtMs > FROZEN_AFTER_MS;
  }

  /** After the login packets may be as long as `maxPacketBytes`. */
  allowPackets(maxPacketBytes: number): void {
    this.framing.maxPacketBytes = maxPacketBytes;
  }

  /** Ends a connection nobody should wait for. */
  cutOff(reason: string): void {
    this.packetsCutOff ??= this.waitingPackets.count;
    this.destroy(new Error(reason));
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    if (this.writableLength > EVICT_ABOVE_BYTES || this.waitingChunks > EVICT_ABOVE_CHUNKS) {
      this.cutOff('does not read what it has subscribed to');
      return true;
    }
    if (this.writableLength === 0) this.progressAtMs = this.clock.nowMs();
    this.waitingChunks += 1;
    // A few bytes cut from a large read would keep all of it in memory for as long as they wait.
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
    const cut = bytes.buffer.byteLength > 2 * bytes.byteLength;
    const own = cut && this.writableLength > BATCH_BYTES ? Buffer.from(bytes) : bytes;
    this.waitingPackets.enter(bytes);
    return (super.write as (...all: unknown[]) => boolean).call(this, own, ...rest);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.inner.write(chunk, (error) => this.written([{ chunk }], error, done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    let end = 0;
    const writeBatch = (error?: Error | null): void => {
      if (error || end === chunks.length) {
        done(error);
        return;
      }
      const start = end;
      this.inner.cork();
      for (let bytes = 0; end < chunks.length && bytes < BATCH_BYTES; end += 1) {
        const chunk = chunks[end]?.chunk ?? Buffer.alloc(0);
        bytes += chunk.length;
        const last = end + 1 === chunks.length || bytes >= BATCH_BYTES;
        if (last) this.inner.write(chunk, (failure) => this.written(chunks.slice(start, end), failure, writeBatch));
        else this.inner.write(chunk);
      }
      this.inner.uncork();
    };
    writeBatch();
  }

  override _read(): void {
    if (this.cancelPause || this.nextSlice) return;
    if (!this.arrived) this.inner.resume();
    // Later, never at once: Aedes reads on while its parser is still inside the last slice, and a parser that is entered
    // twice loses its place. It also gives every other connection its turn between two slices.
    else {
      this.nextSlice = setImmediate(() => {
        this.nextSlice = undefined;
        this.passOn();
      });
    }
  }

  override _final(done: () => void): void {
    this.inner.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.cancelPause?.();
    clearImmediate(this.nextSlice);
    this.arrived = undefined;
    this.inner.destroy();
    done(error);
  }

  private written(
    chunks: { chunk: Buffer }[],
    error: Error | null | undefined,
    done: (error?: Error | null) => void,
  ): void {
    this.waitingChunks -= chunks.length;
    for (const { chunk } of chunks) this.waitingPackets.leave(chunk);
    this.progressAtMs = this.clock.nowMs();
    done(error);
  }

  private receive(chunk: Buffer): void {
    this.inner.pause();
    this.arrived = this.arrived ? Buffer.concat([this.arrived, chunk]) : chunk;
    this.passOn();
  }

  /** Hands Aedes one slice; it asks for the next one by `_read` when it is through with this one. */
  private passOn(): void {
    if (!this.arrived || this.destroyed) return;
    const slice = this.arrived.subarray(0, SLICE_BYTES);
    this.arrived = this.arrived.length > SLICE_BYTES ? this.arrived.subarray(SLICE_BYTES) : undefined;
    let packets: number;
    try {
      packets = this.framing.accept(slice);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    const { pace, waitMs } = spend(this.pace, slice.length, packets, this.clock.nowMs());
    this.pace = pace;
    if (waitMs > 0) {
      this.cancelPause = this.clock.after(waitMs, () => {
        this.cancelPause = undefined;
        this._read();
      });
    }
    this.push(slice);
  }

  private ended(): void {
    if (this.arrived) {
      this.push(this.arrived);
      this.arrived = undefined;
    }
    this.push(null);
  }
}
