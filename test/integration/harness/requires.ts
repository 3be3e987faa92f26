import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { endLeftovers, keepLeftovers } from './leftovers.ts';
import { Stalls } from './stalls.ts';

/** Debian's own Python, which is where Debian's packages put their modules. */
export const PYTHON = '/usr/bin/python3';

/** What is no command has a command that shows whether it is there. */
const PROBES: Readonly<Record<string, readonly string[]>> = {
  'python3-paho-mqtt': [PYTHON, '-c', 'import paho.mqtt.client'],
};

/** A test is tried again at most so often. */
const AGAIN = 3;
const STOOD_STILL = /\[the machine stood still/;

function missing(name: string): boolean {
  const [command = '', ...rest] = PROBES[name] ?? ['which', name];
  return spawnSync(command, rest, { stdio: 'ignore' }).status !== 0;
}

/**
 * A suite that needs programs of the machine. `npm test` installs them where it may; where it may not, the suite says which are
 * missing and is counted as not run (CI treats that as failure).
 *
 * Sound is of the moment: where the machine stood still under a failed test, for longer than a sound card holds out, the test has
 * shown nothing and is tried again. On a machine that kept going a failure is a failure at once.
 */
export function describeWith(commands: readonly string[], title: string, suite: () => void): void {
  const absent = commands.filter(missing);
  if (absent.length > 0) {
    describe.skip(`${title} [not run: ${absent.join(', ')} not installed]`, suite);
    return;
  }
  let stalls: Stalls | undefined;
  describe(title, { retry: { count: AGAIN, condition: STOOD_STILL } }, () => {
    beforeAll(() => {
      stalls = new Stalls();
    });
    beforeEach(() => {
      keepLeftovers();
      stalls?.reset();
    });
    afterEach(async ({ task }) => {
      if (task.result?.state !== 'fail') return;
      await endLeftovers();
      const error = task.result.errors?.at(-1);
      if (error && stalls?.count) error.message += ` [the machine stood still, ${stalls.longestMs} ms at the longest]`;
    });
    afterAll(() => stalls?.stop());
    suite();
  });
}
