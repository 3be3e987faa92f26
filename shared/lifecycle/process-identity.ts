import { readFileSync } from 'node:fs';

/** Field 22 of /proc/PID/stat, counted behind the name in parentheses (which may hold spaces). See proc(5). */
const START_TIME_FIELD = 22 - 3;

/** Who this process is, and which others live: the machine's own answer, or a test's. */
export interface Processes {
  readonly me: string;
  isAlive(identity: string): boolean;
}

export function machineProcesses(): Processes {
  return {
    me: processIdentity(process.pid) ?? String(process.pid),
    isAlive: (identity) => processIdentity(Number.parseInt(identity, 10)) === identity,
  };
}

/** The process id and when that process was started: an id alone may belong to somebody else after a reboot. */
export function processIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead: nobody has asked for its exit code yet.
    return fields[0] === 'Z' ? undefined : `${pid}:${fields[START_TIME_FIELD]}`;
  } catch {
    return undefined;
  }
}
