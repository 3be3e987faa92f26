import { withEnvFile } from '#shared/config/environment.ts';
import { loadSettings, unknownSettings } from '#shared/config/load-settings.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { systemClock } from '#shared/time/clock.ts';
import { doctor } from './doctor/doctor.ts';
import { start, status, stop } from './start.ts';

const root = process.cwd();
const commands = { start, stop, status, doctor };

async function main(): Promise<number> {
  const name = process.argv[2] ?? 'start';
  const command = commands[name as keyof typeof commands];
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
