import { createResampler, type Resampler } from '#shared/audio/resampler.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { ServerEvent } from '../live/server-message.ts';
import { PcmBytes } from './pcm-bytes.ts';

/** A resampler is never given back (0.3 MB), so there are only those for rates that sound really has. */
const USUAL_RATES_HZ = new Set([8_000, 11_025, 12_000, 16_000, 22_050, 32_000, 44_100, 48_000]);

interface Options {
  log: Log;
  meters: Meters;
  /** @param samples of an `audio` event, 24 kHz. */
  deliver(event: ServerEvent, samples?: Int16Array): void;
}

/**
 * What the Live server says, in its order, with its sound as samples at the rate of replies, whatever rate it has said. Where
 * a resampler has to be made first, everything waits for it, so that no answer ends before its sound.
 */
export class LiveSound {
  private readonly options: Options;
  private readonly bytes = new PcmBytes();
  private readonly resamplers = new Map<number, Resampler>();
  private readonly complainedOf = new Set<number>();
  /** Events that wait for a resampler. */
  private waiting: ServerEvent[] | undefined;
  private connection = 0;
  private rateHz: number = REPLY_RATE_HZ;

  constructor(options: Options) {
    this.options = options;
  }

  accept(event: ServerEvent): void {
    if (this.waiting) this.waiting.push(event);
    else if (event.type !== 'audio') this.options.deliver(event);
    else this.sound(event);
  }

  /** What comes next is another answer. */
  endAnswer(): void {
    this.bytes.reset();
    for (const resampler of this.resamplers.values()) resampler.reset();
  }

  /** What comes next is said by another server. */
  newConnection(): void {
    this.connection += 1;
    this.waiting = undefined;
    this.endAnswer();
  }

  private sound(event: Extract<ServerEvent, { type: 'audio' }>): void {
    const rateHz = this.rateOf(event.sampleRateHz);
    if (rateHz !== this.rateHz) this.endAnswer();
    this.rateHz = rateHz;
    const resampler = this.resamplers.get(rateHz);
    if (rateHz !== REPLY_RATE_HZ && !resampler) {
      this.waiting = [event];
      void this.prepare(rateHz, this.connection);
      return;
    }
    const samples = this.bytes.take(event.bytes);
    this.options.deliver(event, resampler ? resampler.process(samples) : samples);
  }

  /** An unheard-of rate is taken for a mistake in what the server says, not in its sound. */
  private rateOf(saidHz: number): number {
    if (saidHz === REPLY_RATE_HZ) return saidHz;
    const { log, meters } = this.options;
    const known = USUAL_RATES_HZ.has(saidHz);
    meters.count(known ? 'liveSoundResampled' : 'liveSoundOfUnknownRate');
    if (!this.complainedOf.has(saidHz) && this.complainedOf.size <= USUAL_RATES_HZ.size) {
      this.complainedOf.add(saidHz);
      log.warn({ sampleRateHz: saidHz, resampled: known }, 'the Live API sends its sound at another rate than 24 kHz');
    }
    return known ? saidHz : REPLY_RATE_HZ;
  }

  private async prepare(rateHz: number, connection: number): Promise<void> {
    const resampler = await createResampler(rateHz, REPLY_RATE_HZ);
    if (!this.resamplers.has(rateHz)) this.resamplers.set(rateHz, resampler);
    if (connection !== this.connection) return;
    const events = this.waiting ?? [];
    this.waiting = undefined;
    for (const event of events) this.accept(event);
  }
}
