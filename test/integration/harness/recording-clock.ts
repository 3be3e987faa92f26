/** How long after a sample a delivery may come and still tell when that sample was on the card, in samples' time. */
const NEAR_MS = 500;
/** More deliveries than come in any recording that is looked at this way would come in an hour. */
const DELIVERIES_KEPT = 500_000;

/**
 * Tells when a recorded sample was on the card. A delivery can only be late, by as much as recorder, machine or this process stood
 * still; so of the deliveries just behind a sample the quickest one counts. Those ahead of it and far behind it do not: a recorder
 * that was held up for long leaves samples out, or gets some twice, and the clock before and after differ by those.
 */
export class RecordingClock {
  private readonly rateHz: number;
  private deliveries: { end: number; beganMs: number }[] = [];

  constructor(sampleRateHz: number) {
    this.rateHz = sampleRateHz;
  }

  /** @param end how many samples there are now. */
  delivered(end: number, atMs: number): void {
    this.deliveries.push({ end, beganMs: atMs - (end * 1_000) / this.rateHz });
    if (this.deliveries.length > DELIVERIES_KEPT) this.deliveries = this.deliveries.slice(DELIVERIES_KEPT / 2);
  }

  /** The time of the sample at `index`, on the clock of `delivered`; the more exact the more has been delivered behind it. */
  timeMs(index: number): number {
    const until = index + (NEAR_MS * this.rateHz) / 1_000;
    const behind = this.deliveries.filter(({ end }) => end > index && end <= until);
    const near = behind.length > 0 ? behind : this.deliveries.slice(-1);
    return Math.min(...near.map(({ beganMs }) => beganMs)) + (index * 1_000) / this.rateHz;
  }
}
