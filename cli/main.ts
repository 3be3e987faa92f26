import { withEnvFile } from '#shared/config/environment.ts';
import { loadSettings, unknownSettings } from '#shared/config/load-settings.ts';
import type { Settings } from '#shared/config/settings.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { type Clock, systemClock } from '#shared/time/clock.ts';
import { doctor } from './doctor/doctor.ts';
import { record } from './recording/record.ts';
import { replay } from './recording/replay.ts';
import { start, status, stop } from './start.ts';

const root = process.cwd();
const [name = 'start', ...args] = process.argv.slice(2);
const commands: Record<string, (root: string, settings: Settings, clock: Clock) => Promise<number>> = {
  start,
  stop,
  status,
  doctor,
  record: (_root, settings, clock) => record(args, settings, clock),
  replay: (_root, settings, clock) => replay(args, settings, clock),
};

async function main(): Promise<number> {
  const command = commands[name];
  if (!command) {
    console.error(`Unknown command "${name}". There are: ${Object.keys(commands).join(', ')}.`);
    return 1;
  }
  const environment = withEnvFile(root, process.env);
  const settings = loadSettings(environment);
  for (const warning of unknownSettings(environment)) console.warn(`Warning: ${warning}`);
  return command(root, settings, systemClock());
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(error instanceof CortexError ? error.message : error);
    process.exitCode = 1;
  },
);
