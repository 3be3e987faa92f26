import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { leaveToBeEnded } from './leftovers.ts';

/** One of the stack's programs, run as PM2 runs it (bundled, with an IPC channel for `ready`), but by the test. */
export interface RunningProcess {
  name: string;
  pid: number;
  /** Log entries so far. */
  log: LogEntry[];
  /** Resolves with the first log entry, past or future, that matches. */
  logged(matches: (entry: LogEntry) => boolean): Promise<LogEntry>;
  /** Sends the signal and resolves with the exit code (or the signal that ended it). */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  exited: Promise<number | NodeJS.Signals>;
}

export interface LogEntry {
  level: number;
  msg?: string;
  [field: string]: unknown;
}

const ROOT = process.cwd();

/** Starts dist/NAME.cjs and resolves when it says ready. Rejects with its log when it exits before. */
export async function startProcess(name: string, env: Record<string, string>): Promise<RunningProcess> {
  const running = launchProcess(name, env);
  const ready = once(running.child, 'message').then(() => undefined);
  const died = running.process.exited.then((code) => {
    throw new Error(
      `${name} exited with ${code} before it was ready:\n${running.process.log.map((e) => JSON.stringify(e)).join('\n')}`,
    );
  });
  died.catch(() => undefined);
  await Promise.race([ready, died]);
  return running.process;
}

/** As `startProcess`, without waiting: for programs that are meant to fail or to wait. */
export function launchProcess(
  name: string,
  env: Record<string, string>,
): { process: RunningProcess; child: ChildProcess } {
  const child = fork(join(ROOT, 'dist', `${name}.cjs`), {
    cwd: ROOT,
    // Only what is given: a developer's own settings or sound server must not leak into a test.
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log: LogEntry[] = [];
  const watchers = new Set<(entry: LogEntry) => void>();
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const entry = parseEntry(line);
      log.push(entry);
      for (const watcher of watchers) watcher(entry);
    }
  });
  child.stderr?.resume();
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const forget = leaveToBeEnded(() => {
    child.kill('SIGKILL');
    return exited;
  });
  void exited.then(forget);
  return {
    child,
    process: {
      name,
      pid: child.pid ?? 0,
      log,
      exited,
      logged: (matches) =>
        new Promise((resolve) => {
          const past = log.find(matches);
          if (past) return resolve(past);
          const watcher = (entry: LogEntry) => {
            if (!matches(entry)) return;
            watchers.delete(watcher);
            resolve(entry);
          };
          watchers.add(watcher);
        }),
      end(signal = 'SIGINT') {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        return exited;
      },
    },
  };
}

function parseEntry(line: string): LogEntry {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return { level: 0, msg: line };
  }
}

/** A TCP port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (!address || typeof address === 'string') throw new Error('no port');
  return address.port;
}
