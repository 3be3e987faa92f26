import { ConfigurationError, CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { OpenOutput, Output, OutputHooks } from './output.ts';

const BACKOFF_FIRST_MS = 100;
/** A headset that is switched on again wants to be heard within a few seconds. */
const BACKOFF_MAX_MS = 3_000;

export interface OutputKeeper {
  /** Resolves after the first attempt, open or not. Rejects with ConfigurationError where trying again cannot help. */
  readonly attempted: Promise<void>;
  readonly latency: OutputLatency;
  /** See `Output`. */
  readonly continues: boolean;
  /** See `Output`; none while no device is open. */
  readonly retrievable: number;
  /** See `Output`; none while no device is open. */
  takeBack(samples: number): number;
  /** Takes no more samples; resolves when the device is free. */
  close(): Promise<void>;
}

/** In samples of the source's 24 kHz; none while no device is open. */
export interface OutputLatency {
  /** Handed over and not yet heard. */
  unheard: number;
  /** How many of those are never heard if this process is killed. */
  perishable: number;
}

export interface OutputKeeperHooks extends Pick<OutputHooks, 'source' | 'handedOver' | 'alone' | 'predecessorPlays'> {
  /** What the samples go to has changed; as a person would name it. */
  named(output: string): void;
  /** Samples taken and not yet heard, now that a device is open or its queue has changed. */
  latencyChanged(unheardSamples: number): void;
  /** The device is gone; `unheardSamples` of what it took were never heard. */
  lost(unheardSamples: number): void;
  /** Trying again is of no use in this process. */
  gaveUp(error: unknown): void;
}

/** Keeps a device open: one that cannot be opened, or goes away, is opened again with a growing pause. */
export function keepOutput(
  open: OpenOutput,
  hooks: OutputKeeperHooks,
  { clock, log, meters }: { clock: Clock; log: Log; meters: Meters },
): OutputKeeper {
  let output: Output | undefined;
  let closed = false;
  let closing: Promise<void> | undefined;
  let pauseMs = BACKOFF_FIRST_MS;
  let complainedOf = '';
  let cancelRetry = (): void => undefined;

  async function attempt(): Promise<void> {
    let early: CortexError | undefined;
    try {
      const opened = await open({
        ...hooks,
        lost(reason) {
          if (output) gone(output, reason);
          else early = reason;
        },
        underran() {
          meters.count('outputUnderruns');
          // The queue may have become deeper because of it.
          if (output) hooks.latencyChanged(output.unheardSamples());
        },
      });
      if (closed) return await opened.close();
      if (early) throw early;
      output = opened;
      pauseMs = BACKOFF_FIRST_MS;
      complainedOf = '';
      log.info({ output: opened.name }, 'sound output opened');
      hooks.latencyChanged(opened.unheardSamples());
      hooks.named(opened.name);
    } catch (error) {
      if (error instanceof ConfigurationError || (error instanceof CortexError && error.code === 'process-spent')) {
        throw error;
      }
      meters.count('outputOpenFailures');
      const reason = messageOf(error);
      if (reason !== complainedOf) {
        log.warn({ reason }, 'sound output cannot be opened, trying again');
        hooks.named(`none (${reason})`);
      }
      complainedOf = reason;
      retry();
    }
  }

  function retry(): void {
    if (closed) return;
    cancelRetry = clock.after(pauseMs, () => void attempt().catch(hooks.gaveUp));
    pauseMs = Math.min(BACKOFF_MAX_MS, pauseMs * 2);
  }

  function gone(lost: Output, reason: CortexError): void {
    output = undefined;
    meters.count('outputLosses');
    log.warn({ output: lost.name, reason: reason.message }, 'sound output lost, opening it again');
    hooks.named(`none (${reason.message})`);
    hooks.lost(lost.unheardSamples());
    retry();
  }

  const attempted = attempt();
  attempted.catch(hooks.gaveUp);
  return {
    attempted,
    get latency() {
      return { unheard: output?.unheardSamples() ?? 0, perishable: output?.perishableSamples() ?? 0 };
    },
    get continues() {
      return output?.continues === true;
    },
    get retrievable() {
      return output?.retrievableSamples?.() ?? 0;
    },
    takeBack: (samples) => output?.takeBack?.(samples) ?? 0,
    close() {
      closed = true;
      cancelRetry();
      closing ??= output?.close() ?? Promise.resolve();
      return closing;
    },
  };
}
