import type { Clock } from '#shared/time/clock.ts';

export interface PictureRoomOptions {
  clock: Clock;
  /** Sends a ping behind everything that has been sent, and returns its number. */
  ping(behindSound: boolean): number;
}

/** Bytes between two pings while a question is sent: 0.2 s of sound in base64, a second of 64 kbit/s. */
const PROBE_BYTES = 8_000;
/** Sound that arrives this much later than the distance explains has no picture put before what follows it. */
const LAG_LIMIT_MS = 400;

/**
 * Whether the uplink has room for a picture. What the socket has not sent says little: the system takes over as much as
 * the whole of a short question. So pings are put between the sound; a pong that comes later than that of the ping
 * before all sound tells how far the network is behind.
 */
export class PictureRoom {
  private readonly options: PictureRoomOptions;
  private before: { ping: number; atMs: number; roundTripMs?: number } | undefined;
  /** By number, when each was sent. */
  private readonly probes = new Map<number, number>();
  private probedBytes = 0;
  private lagMs: number | undefined;
  /** How the last question ended; counts until this one has shown something. */
  private wasFull = false;

  constructor(options: PictureRoomOptions) {
    this.options = options;
  }

  /** A question begins; nothing of it has been sent. @param sentBytes all bytes of this connection so far. */
  begin(sentBytes: number): void {
    const { verdict } = this;
    if (verdict !== 'unknown') this.wasFull = verdict === 'full';
    this.probes.clear();
    this.lagMs = undefined;
    this.probedBytes = sentBytes;
    this.before = { ping: this.options.ping(false), atMs: this.options.clock.nowMs() };
  }

  /** Something has been sent. */
  sent(sentBytes: number): void {
    if (sentBytes - this.probedBytes < PROBE_BYTES) return;
    this.probedBytes = sentBytes;
    this.probes.set(this.options.ping(true), this.options.clock.nowMs());
  }

  ponged(ping: number): void {
    const nowMs = this.options.clock.nowMs();
    const { before } = this;
    if (before && ping >= before.ping) before.roundTripMs ??= nowMs - before.atMs;
    for (const [number, atMs] of [...this.probes]) {
      if (number > ping) break;
      this.probes.delete(number);
      if (number === ping) this.lagMs = nowMs - atMs - (before?.roundTripMs ?? 0);
    }
  }

  /** `unknown` until the first sound has been seen to arrive. */
  get verdict(): 'room' | 'full' | 'unknown' {
    const { before, wasFull } = this;
    if (!before) return 'unknown';
    const nowMs = this.options.clock.nowMs();
    const unproven = wasFull ? 'full' : 'unknown';
    if (before.roundTripMs === undefined) {
      // Healthy servers have answered pings 20 s late; from those nothing is to be learnt.
      return !wasFull && nowMs - before.atMs > LAG_LIMIT_MS ? 'room' : unproven;
    }
    const [oldestMs] = this.probes.values();
    if (oldestMs !== undefined && nowMs - oldestMs - before.roundTripMs > LAG_LIMIT_MS) return 'full';
    if (this.lagMs === undefined) return unproven;
    return this.lagMs > LAG_LIMIT_MS ? 'full' : 'room';
  }
}
