import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

const missing = (command: string) => spawnSync('which', [command], { stdio: 'ignore' }).status !== 0;

/**
 * A suite that needs programs of the machine. `npm test` installs them where it may; where it may not, the suite says which are
 * missing and is counted as not run (CI treats that as failure).
 */
export function describeWith(commands: readonly string[], title: string, suite: () => void): void {
  const absent = commands.filter(missing);
  if (absent.length === 0) describe(title, suite);
  else describe.skip(`${title} [not run: ${absent.join(', ')} not installed]`, suite);
}
