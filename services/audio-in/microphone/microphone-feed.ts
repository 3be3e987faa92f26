import { borrowResampler, type Resampler } from '#shared/audio/resampler.ts';
import { ConfigurationError, CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';

export interface FeedListener {
  /** The next samples at 16 kHz mono, without a gap since the last call or the last `interrupted`. */
  captured(samples: Int16Array): void;
  /** What comes next does not follow on what came before: the device was closed, lost or exchanged. */
  interrupted(): void;
}

interface FeedOptions {
  microphone: Microphone;
  listener: FeedListener;
  clock: Clock;
  log: Log;
  meters: Meters;
  /** Told what is captured from whenever that changes. */
  describe(uses: string): void;
  /** Told when the device stays away, and when it is back after that: a person who cannot see must hear it. */
  outage(news: 'away' | 'back'): void;
  /** Told of what no retry can mend. */
  fail(error: unknown): void;
}

/** A device that delivers nothing for this long is dead, whatever its driver says. */
const STALLED_AFTER_MS = 600;
/** A sound server that has been idle hands out its first samples only after its own longest period (PulseAudio: 2 s). */
const FIRST_SAMPLES_WITHIN_MS = 3_000;
const WATCH_EVERY_MS = 100;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5_000;
/** Without a sample for this long the device is away: a sound server that restarts is back sooner and worth no word. */
const OUTAGE_AFTER_MS = 3_000;

/** Keeps one microphone open for as long as it is wanted: notices a dead device, opens it again with backoff. */
export class MicrophoneFeed {
  private readonly options: FeedOptions;
  private wanted = false;
  private capture: Capture | undefined;
  /** No samples by then: the device is dead. */
  private deadlineMs = 0;
  private watchedAtMs = 0;
  private opening = new AbortController();
  private retryMs = FIRST_RETRY_MS;
  /** The last samples, or the wish for some. */
  private heardAtMs = 0;
  /** What the user was told last. */
  private away = false;
  private cancelTimer: (() => void) | undefined;
  /** Changes of the device happen one after the other. */
  private change: Promise<void> = Promise.resolve();

  constructor(options: FeedOptions) {
    this.options = options;
  }

  /** Whether samples come from a device: what is not heard now is lost. */
  get isLive(): boolean {
    return this.capture !== undefined && !this.capture.recorded;
  }

  /** Resolves after the first attempt. Rejects with ConfigurationError for what no retry can mend. */
  start(): Promise<void> {
    this.wanted = true;
    this.heardAtMs = this.options.clock.nowMs();
    this.opening = new AbortController();
    return this.enqueue(() => this.open(true));
  }

  /** Resolves when the device is closed. */
  stop(): Promise<void> {
    // What arrives between now and the device's own end is not ours to hear.
    this.wanted = false;
    this.away = false;
    this.retryMs = FIRST_RETRY_MS;
    this.opening.abort();
    this.cancelTimer?.();
    return this.enqueue(() => this.close());
  }

  private enqueue(step: () => Promise<void>): Promise<void> {
    const done = this.change.then(step);
    this.change = done.catch(() => undefined);
    return done;
  }

  private async open(first = false): Promise<void> {
    if (!this.wanted || this.capture) return;
    const { microphone, log, meters, describe, clock } = this.options;
    try {
      const capture = await this.openCapture(microphone);
      if (!this.wanted) return await capture.close();
      this.capture = capture;
      this.deadlineMs = Math.max(this.deadlineMs, clock.nowMs() + FIRST_SAMPLES_WITHIN_MS);
      this.watchedAtMs = clock.nowMs();
      this.cancelTimer = clock.every(WATCH_EVERY_MS, () => this.watch());
      meters.count('microphoneOpened');
      meters.gauge('microphoneOpen', 1);
      log.info({ uses: capture.uses, sampleRateHz: capture.sampleRateHz }, 'microphone open');
      describe(capture.uses);
    } catch (error) {
      if (error instanceof ConfigurationError) {
        if (first) throw error;
        this.options.fail(error);
        return;
      }
      this.retryLater(messageOf(error));
    }
  }

  private async openCapture(microphone: Microphone): Promise<Capture> {
    const { listener, clock } = this.options;
    let resampler: Resampler | undefined;
    let early: Int16Array[] = [];
    const deviceListener: CaptureListener = {
      captured: (samples) => {
        this.deadlineMs = clock.nowMs() + STALLED_AFTER_MS;
        if (!this.wanted) return;
        this.delivered();
        if (resampler) listener.captured(resampler.process(samples));
        else early.push(samples);
      },
      lost: (reason) => void this.enqueue(() => this.lost(capture, reason)),
    };
    const capture = await microphone.open(deviceListener, this.opening.signal);
    try {
      resampler = await borrowResampler(capture.sampleRateHz, MICROPHONE_RATE_HZ);
    } catch (error) {
      await capture.close();
      throw error;
    }
    for (const samples of early) if (this.wanted) listener.captured(resampler.process(samples));
    early = [];
    return capture;
  }

  /** Only samples prove a device: one that opens and stays mute is as good as none. */
  private delivered(): void {
    this.heardAtMs = this.options.clock.nowMs();
    this.retryMs = FIRST_RETRY_MS;
    if (!this.away) return;
    this.away = false;
    this.options.outage('back');
  }

  private watch(): void {
    const { capture } = this;
    const nowMs = this.options.clock.nowMs();
    const busy = nowMs - this.watchedAtMs > 2 * WATCH_EVERY_MS;
    this.watchedAtMs = nowMs;
    // When this process itself was held up, the samples that came meanwhile have yet to reach us.
    if (!capture || busy || nowMs < this.deadlineMs) return;
    const reason = new CortexError('microphone-stalled', `${capture.uses} delivers no samples`, { retryable: true });
    void this.enqueue(() => this.lost(capture, reason));
  }

  private async lost(capture: Capture, reason: CortexError): Promise<void> {
    if (this.capture !== capture) return;
    this.options.meters.count('microphoneLost');
    await this.close();
    this.retryLater(reason.message);
  }

  private async close(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const { capture } = this;
    this.capture = undefined;
    if (!capture) return;
    this.options.meters.gauge('microphoneOpen', 0);
    this.options.listener.interrupted();
    await capture.close();
  }

  private retryLater(reason: string): void {
    if (!this.wanted) return;
    const { clock, log, describe, outage } = this.options;
    if (!this.away && clock.nowMs() - this.heardAtMs >= OUTAGE_AFTER_MS) {
      this.away = true;
      outage('away');
    }
    log.warn({ reason, retryMs: this.retryMs }, 'no microphone; trying again');
    describe(`no microphone (${reason})`);
    this.cancelTimer = clock.after(this.retryMs, () => void this.enqueue(() => this.open()));
    this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
  }
}
