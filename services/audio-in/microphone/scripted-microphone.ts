import type { CortexError } from '#shared/errors/cortex-error.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';

/** A microphone for tests: it opens or fails as told, and hears what the test says. */
export class ScriptedMicrophone implements Microphone {
  readonly uses: string;
  readonly sampleRateHz: number;
  /** Thrown by the next attempts to open, first to last; after that opening works. */
  failures: Error[] = [];
  opened = 0;
  closed = 0;
  private listener: CaptureListener | undefined;

  constructor(uses = 'lips', sampleRateHz = 16_000) {
    this.uses = uses;
    this.sampleRateHz = sampleRateHz;
  }

  open(listener: CaptureListener): Promise<Capture> {
    const failure = this.failures.shift();
    if (failure) return Promise.reject(failure);
    this.opened += 1;
    this.listener = listener;
    const close = () => {
      this.closed += 1;
      this.listener = undefined;
      return Promise.resolve();
    };
    return Promise.resolve({ sampleRateHz: this.sampleRateHz, uses: this.uses, close });
  }

  get isOpen(): boolean {
    return this.listener !== undefined;
  }

  /** Speaks one tone of `ms` milliseconds; 0 is silence. */
  say(ms: number, amplitude: number): void {
    this.listener?.captured(new Int16Array((ms * this.sampleRateHz) / 1000).fill(amplitude));
  }

  hear(samples: Int16Array): void {
    this.listener?.captured(samples);
  }

  lose(reason: CortexError): void {
    this.listener?.lost(reason);
  }
}
