/**
 * Tells when each sample was captured. Chunks arrive late by whatever the machine was busy with, never early, so the
 * earliest arrival seen is the truest; slowly letting go of it follows a sound card whose clock runs apart from ours.
 */
export class SampleClock {
  private offsetMs: number | undefined;
  private newestEnd = 0;
  private restarted = false;
  private readonly sampleRateHz: number;

  constructor(sampleRateHz: number) {
    this.sampleRateHz = sampleRateHz;
  }

  /** The samples before position `end` have been here at `atMs`. */
  arrived(end: number, atMs: number): void {
    const observedMs = atMs - (end * 1000) / this.sampleRateHz;
    const passedMs = ((end - this.newestEnd) * 1000) / this.sampleRateHz;
    this.newestEnd = end;
    const expectedMs =
      this.restarted || this.offsetMs === undefined ? observedMs : this.offsetMs + passedMs * MAX_DRIFT;
    this.offsetMs = observedMs - expectedMs > LATEST_MS ? observedMs : Math.min(observedMs, expectedMs);
    this.restarted = false;
  }

  /** After a gap in the capture, positions go on but time has jumped. What was captured before it keeps its time until then. */
  restart(): void {
    this.restarted = true;
  }

  /** Unix milliseconds of the sample at `position`. */
  timeMs(position: number): number {
    return (this.offsetMs ?? 0) + (position * 1000) / this.sampleRateHz;
  }

  /** Position of the sample captured at `timeMs`, the inverse of the above. */
  positionAt(timeMs: number): number {
    return Math.round(((timeMs - (this.offsetMs ?? 0)) * this.sampleRateHz) / 1000);
  }
}

/** No queue holds so much: a machine without a clock of its own has only now learnt the time, or samples are missing. */
const LATEST_MS = 10_000;
/** Cheap sound cards are off by up to some 200 parts per million; this lets the estimate follow and still ignores jitter. */
const MAX_DRIFT = 0.000_5;
