import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES } from '#shared/contract/channel.ts';
import type { Pm2Stack } from '../test/integration/harness/pm2-stack.ts';

/** Kernel ticks a second, as `getconf CLK_TCK` says on every Linux there is. */
const TICKS_PER_SECOND = 100;

/** The process ids of the whole stack by name, PM2's own daemon among them; a service that is not running is left out. */
export async function processesOf(stack: Pm2Stack): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  for (const service of SERVICES) for (const pid of await stack.pids(service)) pids.set(service, pid);
  pids.set('PM2 daemon', Number(readFileSync(join(stack.env['PM2_HOME'] ?? '', 'pm2.pid'), 'utf8')));
  return pids;
}

/** Proportional set size in MB: what a process really costs, shared pages divided among those that share them. */
export function memoryMb(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN;
  return Number(kilobytes) / 1000;
}

/** Seconds of processor time the processes have used since they began. */
export function cpuSeconds(pids: ReadonlyMap<string, number>): number {
  let ticks = 0;
  for (const pid of pids.values()) {
    // Behind the command's closing bracket, which may itself hold spaces: utime and stime are the 12th and 13th field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}
