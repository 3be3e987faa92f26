import { type Environment, withEnvFile } from '#shared/config/environment.ts';
import { loadSettings, unknownSettings } from '#shared/config/load-settings.ts';
import type { Settings } from '#shared/config/settings.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import { boundLogFile, logFilesOf } from '#shared/log/bounded-log-file.ts';
import { createLog, type Log } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { type Clock, systemClock } from '#shared/time/clock.ts';

/** What every process gets to work with. */
export interface ProcessContext {
  settings: Settings;
  log: Log;
  clock: Clock;
  meters: Meters;
  /** Ends this process after an orderly stop: 1 for what no restart can mend (ConfigurationError), 70 for the rest. */
  fail(error: unknown): void;
}

export interface Running {
  /**
   * Called before `stop` where the end is an orderly one: the process still does all of its work, and may do it until
   * somebody else can. Bounds its own time; PM2's `kill_timeout` has to be longer than that and the stop's deadline.
   */
  handOver?(): Promise<void>;
  /** Called once, on SIGINT, SIGTERM, PM2's shutdown message or `fail`. */
  stop(): Promise<void>;
}

/** PM2 does not restart after this one (`stop_exit_codes` in ecosystem.config.js). */
const EXIT_CONFIGURATION = 1;
/** EX_SOFTWARE of sysexits.h: PM2 restarts. */
const EXIT_CRASHED = 70;
/** Less than `kill_timeout` in ecosystem.config.js, so that a hanging stop is told by us and not by a SIGKILL. */
const STOP_DEADLINE_MS = 4_000;

/**
 * Runs one process: settings, log, signals, readiness, stop with a deadline, uncaught errors. The only place that calls
 * `process.exit`. `start` resolves when the process does its job; PM2 is told `ready` then.
 * A start that fails must have undone its own half-finished work (see `Teardown`).
 */
export async function runProcess(name: string, start: (context: ProcessContext) => Promise<Running>): Promise<void> {
  const clock = systemClock();
  const meters = new Meters();
  let environment: Environment;
  let settings: Settings;
  try {
    environment = withEnvFile(process.cwd(), process.env);
    settings = loadSettings(environment);
  } catch (error) {
    createLog(name, 'info').fatal(messageOf(error));
    return leave(EXIT_CONFIGURATION);
  }
  const log = createLog(name, settings.logLevel);
  for (const warning of unknownSettings(environment)) log.warn(warning);

  let running: Running | undefined;
  let ending = false;

  async function end(exitCode: number): Promise<void> {
    if (ending) return;
    ending = true;
    if (exitCode === 0) await running?.handOver?.().catch((error) => log.error({ err: error }, 'handover failed'));
    const overdue = setTimeout(() => {
      log.error({ deadlineMs: STOP_DEADLINE_MS }, 'stop took too long; leaving without it');
      void leave(exitCode || EXIT_CRASHED);
    }, STOP_DEADLINE_MS);
    try {
      await running?.stop();
    } catch (error) {
      log.error({ err: error }, 'stop failed');
    }
    clearTimeout(overdue);
    await leave(exitCode);
  }

  function fail(error: unknown): void {
    const configuration = error instanceof ConfigurationError;
    if (configuration) log.fatal(messageOf(error));
    else log.fatal({ err: error }, 'crashed');
    void end(configuration ? EXIT_CONFIGURATION : EXIT_CRASHED);
  }

  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  process.on('SIGINT', () => void end(0));
  process.on('SIGTERM', () => void end(0));
  process.on('message', (message) => {
    if (message === 'shutdown') void end(0);
  });
  // A parent that died closes our IPC channel or pipe; writing to it must not look like a crash of ours.
  process.stdout.on('error', () => undefined);

  try {
    await keepLogsBounded(logFilesOf(environment), clock, log);
    running = await start({ settings, log, clock, meters, fail });
  } catch (error) {
    fail(error);
    return;
  }
  if (ending) {
    await running.stop();
    return;
  }
  log.info('ready');
  process.send?.('ready');
}

/** PM2 bounds no log: on a device nobody looks after, it would fill the card in some weeks. */
const BOUND_LOG_EVERY_MS = 60_000;

/** Resolves when they are small. @param paths none where this process does not run under PM2. */
async function keepLogsBounded(paths: readonly string[], clock: Clock, log: Log): Promise<void> {
  if (paths.length === 0) return;
  const bound = () =>
    Promise.all(paths.map((path) => boundLogFile(path))).catch((error: unknown) =>
      log.warn({ err: error }, 'a log file cannot be kept small'),
    );
  // For as long as this process lives, but no reason to.
  clock.every(BOUND_LOG_EVERY_MS, () => void bound());
  await bound();
}

/** The last log lines are the ones somebody needs: under PM2 they go through an asynchronous stream, so wait for it. */
const FLUSH_LOG_MS = 200;

async function leave(exitCode: number): Promise<never> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, FLUSH_LOG_MS);
    process.stdout.write('', () => resolve());
  });
  process.exit(exitCode);
}
