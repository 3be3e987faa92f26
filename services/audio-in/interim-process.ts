import { type ForkOptions, fork } from 'node:child_process';
import { openSync } from 'node:fs';
import type { Interim } from './interim.ts';

const INTERIM = '--interim';
/** With the deadline of a stop (4 s) less than `kill_timeout` in ecosystem.config.js. */
const READY_WITHIN_MS = 5_000;

/** What the given process needs of interim ones: under PM2 it can start one, as one it can leave. */
export function interimOf(me: NodeJS.Process): Interim {
  const [flag, predecessor] = me.argv.slice(-2);
  if (flag === INTERIM) return { leave: () => me.kill(me.pid, 'SIGINT'), predecessor: Number(predecessor) };
  // Without PM2 nobody is there who would start a successor.
  const { pm_exec_path: program, pm_out_log_path: logPath } = me.env;
  return program === undefined ? {} : { start: () => startInterim(program, logPath, me) };
}

/** It outlives us, so it must be in no process group of ours; PM2 has looked whom to signal before we could start it. */
function startInterim(program: string, logPath: string | undefined, { pid, env }: NodeJS.Process): Promise<void> {
  const log = logPath === undefined ? 'ignore' : openSync(logPath, 'a');
  const options: ForkOptions = { detached: true, env: withoutPm2(env), stdio: ['ignore', log, log, 'ipc'] };
  const child = fork(program, [INTERIM, String(pid)], options);
  return new Promise((resolve) => {
    const overdue = setTimeout(resolve, READY_WITHIN_MS);
    function settle(): void {
      clearTimeout(overdue);
      if (child.connected) child.disconnect();
      child.unref();
      resolve();
    }
    child.once('message', settle);
    child.once('exit', settle);
    child.once('error', settle);
  });
}

/** PM2 puts its whole record of a process into that process's environment, by names in small letters. */
function withoutPm2(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => /^(?!NODE_APP_INSTANCE$)[A-Z][A-Z0-9_]*$/.test(name)),
  );
}
