import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { CortexError } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';

/** One process as `pm2 jlist` tells it; only what this program uses. */
const Pm2Process = z.object({
  name: z.string(),
  pid: z.optional(z.number()),
  pm2_env: z.object({
    status: z.string(),
    restart_time: z.number(),
    exit_code: z.optional(z.number()),
    pm_out_log_path: z.string(),
    pm_cwd: z.optional(z.string()),
  }),
  monit: z.optional(z.object({ memory: z.number(), cpu: z.number() })),
});
export type Pm2Process = z.infer<typeof Pm2Process>;

/**
 * Environment of PM2's daemon, which the services inherit. In cluster mode PM2 sets what ecosystem.config.js says when a
 * process runs already, and the C library reads these before. With the bundles' diet they take a third off the stack's
 * memory (230 to 160 MB private): glibc keeps what was freed, in a heap for each thread, and the blocks of a picture or a second of sound are too
 * large for what comes next. From 16 kB on a block is now a mapping of its own, given back at once.
 */
export const ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '16384',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

/**
 * Runs PM2's own command line, the same a person would type, and returns what it printed. Rejects when it fails.
 * @param env on top of this process's own environment.
 */
export function pm2(root: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/pm2/bin/pm2'), ...args], {
      cwd: root,
      env: { ...ALLOCATOR, ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new CortexError('pm2', `pm2 ${args.join(' ')} failed:\n${complaint || output}`));
    });
  });
}

/** The processes PM2 runs under its present PM2_HOME; none where no daemon runs (asking PM2 itself would start one). */
export async function listProcesses(root: string): Promise<Pm2Process[]> {
  if (!daemonRuns()) return [];
  const output = await pm2(root, ['jlist', '--silent']);
  // PM2 may greet before the list when it has just started its daemon.
  const list = output.split('\n').findLast((line) => line.startsWith('['));
  return z.array(Pm2Process).parse(JSON.parse(list ?? '[]'));
}

/** Ends PM2's daemon and resolves when it is gone: `pm2 kill` itself returns a moment before. */
export async function killDaemon(root: string, clock: Clock): Promise<void> {
  const pid = daemonPid();
  await pm2(root, ['kill', '--silent']);
  while (isAlive(pid)) await new Promise<void>((resolve) => clock.after(50, resolve));
}

function daemonRuns(): boolean {
  try {
    return isAlive(daemonPid());
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  // Signals to 0 go to our own process group, which is always there.
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Throws where there is no pid file. */
function daemonPid(): number {
  const home = process.env['PM2_HOME'] ?? join(homedir(), '.pm2');
  return Number(readFileSync(join(home, 'pm2.pid'), 'utf8'));
}
