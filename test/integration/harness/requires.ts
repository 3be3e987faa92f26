import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/** Debian's own Python, which is where Debian's packages put their modules. */
export const PYTHON = '/usr/bin/python3';

/** What is no command has a command that shows whether it is there. */
const PROBES: Readonly<Record<string, readonly string[]>> = {
  'python3-paho-mqtt': [PYTHON, '-c', 'import paho.mqtt.client'],
};

function missing(name: string): boolean {
  const [command = '', ...rest] = PROBES[name] ?? ['which', name];
  return spawnSync(command, rest, { stdio: 'ignore' }).status !== 0;
}

/**
 * A suite that needs programs of the machine. `npm test` installs them where it may; where it may not, the suite says which are
 * missing and is counted as not run (CI treats that as failure).
 */
export function describeWith(commands: readonly string[], title: string, suite: () => void): void {
  const absent = commands.filter(missing);
  if (absent.length === 0) describe(title, suite);
  else describe.skip(`${title} [not run: ${absent.join(', ')} not installed]`, suite);
}
