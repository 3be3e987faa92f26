import type { CortexError } from '#shared/errors/cortex-error.ts';

/** Where sound comes from. */
export interface Microphone {
  /**
   * Starts capturing. Rejects with CortexError when the device is not there (waiting may help) and with
   * ConfigurationError when no waiting helps. When `signal` aborts meanwhile, the device is let go of at once.
   */
  open(listener: CaptureListener, signal: AbortSignal): Promise<Capture>;
}

export interface CaptureListener {
  /** The next samples, mono s16 at the capture's rate, without a gap to the ones before. */
  captured(samples: Int16Array): void;
  /** The device went away; called once at most, and nothing follows. */
  lost(reason: CortexError): void;
}

export interface Capture {
  readonly sampleRateHz: number;
  /** What is captured from, as a person would name it. */
  readonly uses: string;
  /** A recording: whoever opens it gets it from its beginning, and misses nothing. */
  readonly recorded?: true;
  /** The process whose stream it is, where a sound server may be behind it. */
  readonly pid?: number;
  /** The device is free when this resolves; nothing is captured any more as soon as it has been called. */
  close(): Promise<void>;
}
