import { ConfigurationError, type CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { OpenOutput, Output, SampleSource } from './output.ts';

const BACKOFF_FIRST_MS = 100;
/** A headset that is switched on again wants to be heard within a few seconds. */
const BACKOFF_MAX_MS = 3_000;

export interface OutputKeeper {
  /** What the samples go to, as a person would name it. */
  readonly name: string;
  /** Takes no more samples; resolves when the device is free. */
  close(): Promise<void>;
}

export interface OutputKeeperHooks {
  source: SampleSource;
  /** A device is open. @param unheardSamples its latency. */
  opened(name: string, unheardSamples: number): void;
  /** The device is gone; `unheardSamples` of what it took were never heard. */
  lost(name: string, unheardSamples: number): void;
}

/**
 * Keeps a device open: one that cannot be opened, or goes away, is opened again with a growing pause.
 * Rejects with ConfigurationError where trying again cannot help.
 */
export async function keepOutput(
  open: OpenOutput,
  hooks: OutputKeeperHooks,
  { clock, log, meters }: { clock: Clock; log: Log; meters: Meters },
): Promise<OutputKeeper> {
  let output: Output | undefined;
  let name = 'none yet';
  let closed = false;
  let pauseMs = BACKOFF_FIRST_MS;
  let cancelRetry = (): void => undefined;

  async function attempt(): Promise<void> {
    let early: CortexError | undefined;
    try {
      const opened = await open({
        source: hooks.source,
        lost: (reason) => {
          if (output) gone(output, reason);
          else early = reason;
        },
        underran: () => meters.count('outputUnderruns'),
      });
      if (closed) return await opened.close();
      if (early) throw early;
      output = opened;
      name = opened.name;
      pauseMs = BACKOFF_FIRST_MS;
      log.info({ output: name }, 'sound output opened');
      hooks.opened(name, opened.unheardSamples());
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      meters.count('outputOpenFailures');
      log.warn({ reason: messageOf(error), retryMs: pauseMs }, 'sound output cannot be opened, trying again');
      name = `none (${messageOf(error)})`;
      hooks.lost(name, 0);
      retry();
    }
  }

  function retry(): void {
    if (closed) return;
    cancelRetry = clock.after(pauseMs, () => {
      attempt().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'sound output given up'));
    });
    pauseMs = Math.min(BACKOFF_MAX_MS, pauseMs * 2);
  }

  function gone(lost: Output, reason: CortexError): void {
    output = undefined;
    meters.count('outputLosses');
    log.warn({ output: lost.name, reason: reason.message }, 'sound output lost, opening it again');
    name = `none (${reason.message})`;
    hooks.lost(name, lost.unheardSamples());
    retry();
  }

  await attempt();
  return {
    get name() {
      return name;
    },
    async close() {
      closed = true;
      cancelRetry();
      await output?.close();
    },
  };
}
