import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES } from '#shared/contract/channel.ts';
import type { Pm2Stack } from '../test/integration/harness/pm2-stack.ts';

/** Kernel ticks a second, as `getconf CLK_TCK` says on every Linux there is. */
const TICKS_PER_SECOND = 100;

/**
 * The process ids of the whole stack by name, PM2's own daemon and the programs that services run (aplay, arecord, ffmpeg) among
 * them; a service that is not running is left out.
 */
export async function processesOf(stack: Pm2Stack): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  for (const service of SERVICES) {
    for (const pid of await stack.pids(service)) {
      pids.set(service, pid);
      for (const child of childrenOf(pid)) pids.set(`${service}: ${commandOf(child)}`, child);
    }
  }
  pids.set('PM2 daemon', Number(readFileSync(join(stack.env['PM2_HOME'] ?? '', 'pm2.pid'), 'utf8')));
  return pids;
}

/** Proportional set size in MB: what a process really costs, shared pages divided among those that share them. */
export function memoryMb(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN;
  return Number(kilobytes) / 1000;
}

/** Seconds of processor time the process has used since it began. */
export function cpuSeconds(pid: number): number {
  // Behind the command's closing bracket, which may itself hold spaces: utime and stime are the 12th and 13th field.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function childrenOf(pid: number): number[] {
  const all = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return all.split(' ').filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}
