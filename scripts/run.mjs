// The commands of package.json that must work on a fresh clone: set up first, then hand over to the built program.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';
import { runTests } from './test.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const [command = 'start', ...rest] = process.argv.slice(2);

if (command === 'test') {
  process.exitCode = await runTests(setUp('test'));
} else {
  if (command === 'start') setUp('run');
  else if (command === 'bench') setUp('test');
  else if (!existsSync('dist/cli.cjs')) setUp('run');
  const program = command === 'bench' ? 'dist/bench.cjs' : 'dist/cli.cjs';
  // Ctrl-C is the program's own business; it is waited for.
  process.on('SIGINT', () => undefined);
  const { status } = spawnSync(process.execPath, [program, command, ...rest], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
