import type { CortexError } from '#shared/errors/cortex-error.ts';

/** Where a device gets its samples from: asked for the next `count`, it answers at once, with silence if need be. */
export type SampleSource = (count: number) => Int16Array;

/** A device that has been opened and plays what its source gives. */
export interface Output {
  /** As a person would name it. */
  readonly name: string;
  /** It is the predecessor's own: its first sample follows the other's last one. */
  readonly continues?: boolean;
  /** Where a sound server may be behind it: the process whose stream it is, and what to do when the device is known to be gone. */
  readonly stream?: { pid: number; lose(why: string): void };
  /** Taken from the source and not yet heard, in samples of the source's 24 kHz. */
  unheardSamples(): number;
  /** How many of those are never heard if this process is killed. */
  perishableSamples(): number;
  /**
   * Takes back up to `samples` of the newest samples, as far as the device has not begun to play them; returns how many. The
   * source is asked for others in their place at the end of this tick. Where it is missing nothing can be taken back.
   */
  takeBack?(samples: number): number;
  /** How many of the newest samples `takeBack` will have in its hands for a moment: if this process is killed then, nobody plays them. */
  retrievableSamples?(): number;
  /** Takes no more samples from this call on; resolves when the last one taken has been heard. Never rejects. */
  close(): Promise<void>;
}

export interface OutputHooks {
  source: SampleSource;
  /** What the source gave last goes to the device at this moment. */
  handedOver(): void;
  /** Resolves when no predecessor of this process uses the output any more: what cannot be shared waits for it. */
  alone(): Promise<void>;
  /** Whether there is a predecessor that plays and has not yet been told to stop. */
  predecessorPlays(): boolean;
  /** Called once when the device is gone; the output is closed by then. */
  lost(reason: CortexError): void;
  /** The device ran out of samples: a gap was heard. */
  underran(): void;
}

/** Rejects with a CortexError that names the setting and the way out. */
export type OpenOutput = (hooks: OutputHooks) => Promise<Output>;

/** What a device takes at a time, 5 ms at 24 kHz: the finest grain of pause and interrupt. */
export const PERIOD_SAMPLES = 120;
