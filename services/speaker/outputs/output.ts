import type { CortexError } from '#shared/errors/cortex-error.ts';

/** Where a device gets its samples from: asked for the next `count`, it answers at once, with silence if need be. */
export type SampleSource = (count: number) => Int16Array;

/** A device that has been opened and plays what its source gives. */
export interface Output {
  /** As a person would name it. */
  readonly name: string;
  /** Taken from the source and not yet heard, in samples of the source's 24 kHz. */
  unheardSamples(): number;
  /** Takes no more samples; resolves when the device is free. Never rejects. */
  close(): Promise<void>;
}

export interface OutputHooks {
  source: SampleSource;
  /** Called once when the device is gone; the output is closed by then. */
  lost(reason: CortexError): void;
  /** The device ran out of samples: a gap was heard. */
  underran(): void;
}

/** Rejects with a CortexError that names the setting and the way out. */
export type OpenOutput = (hooks: OutputHooks) => Promise<Output>;

/** What a device takes at a time, 5 ms at 24 kHz: the finest grain of pause and interrupt. */
export const PERIOD_SAMPLES = 120;
