import type { Meters } from '#shared/metrics/meters.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { type Price, priceOf } from './prices.ts';
import type { TokenCounts } from './server-message.ts';
import { billOf, meterUsage, NO_USAGE, type UsageState } from './usage.ts';

/** Totals since the start; a turn is charged with what they grew by. */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
  pictures: number;
}

/** Keeps the account of the Live sessions: what each turn cost, and, in the meters, all of them together. */
export class Bill {
  private readonly price: Price | undefined;
  private readonly meters: Meters;
  private usage: UsageState = NO_USAGE;
  private samples = 0;
  private booked: Traffic = { sentBytes: 0, receivedBytes: 0, pictures: 0 };

  constructor(model: string, meters: Meters) {
    this.price = priceOf(model);
    this.meters = meters;
  }

  /** Counts of another connection begin anew. */
  newConnection(): void {
    this.usage = NO_USAGE;
    this.samples = 0;
  }

  /** @param samples of the answer that have arrived, at 24 kHz, whether or not anybody will hear them. */
  heard(samples: number): void {
    this.samples += samples;
  }

  /** What this report adds: tokens by modality, cost in US dollars where the price is known, bytes and pictures. */
  book(reported: TokenCounts, traffic: Traffic): Record<string, number> {
    const step = meterUsage(this.usage, reported, this.samples / REPLY_RATE_HZ);
    this.usage = step.state;
    this.samples = 0;
    const usage = {
      ...billOf(step.spent, this.price),
      sentBytes: traffic.sentBytes - this.booked.sentBytes,
      receivedBytes: traffic.receivedBytes - this.booked.receivedBytes,
      picturesSent: traffic.pictures - this.booked.pictures,
    };
    this.booked = traffic;
    for (const [name, amount] of Object.entries(usage)) this.meters.count(name, amount);
    return usage;
  }
}
