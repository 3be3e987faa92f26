// npm test: lint, type check, unit and integration tests; one closing line with the count.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two rows of runs side by side, as most of their time is waiting: what is in a hurry, and what stands back for it. */
const ROWS = [
  { projects: ['realtime'], niceness: 0 },
  { projects: ['integration', 'unit'], niceness: 5 },
];

/**
 * @param {string[]} missing Debian packages that could not be installed
 * @returns {Promise<number>} exit code
 */
export async function runTests(missing) {
  for (const script of ['lint', 'typecheck', 'build']) {
    if (spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' }).status !== 0) {
      console.log(`\n${script} failed; the tests were not run.\n0 passed, 1 failed`);
      return 1;
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'cortex-tests-'));
  try {
    const env = { ...process.env, CORTEX_TEST_MISSING_PACKAGES: missing.join(' '), CORTEX_TEST_BUILT: '1' };
    const counts = (await Promise.all(ROWS.map((row) => runRow(row, folder, env)))).flat();
    const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
    const skipped = sum('skipped');
    if (skipped > 0) {
      console.log(`\n${skipped} tests did not run, because these Debian packages are missing: ${missing.join(', ')}`);
    }
    console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    return sum('failed') > 0 || (process.env.CI === 'true' && skipped > 0) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {{projects: string[], niceness: number}} row projects of vitest.config.ts, one after the other
 * @param {string} folder for the reports
 * @param {NodeJS.ProcessEnv} env
 */
async function runRow({ projects, niceness }, folder, env) {
  const counts = [];
  for (const project of projects) counts.push(await run(project, niceness, join(folder, `${project}.json`), env));
  return counts;
}

/**
 * @param {string} project of vitest.config.ts
 * @param {number} niceness see nice(1)
 * @param {string} report file for it
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
async function run(project, niceness, report, env) {
  const vitest = ['npx', '--no-install', 'vitest', 'run', '--project', project];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn('nice', ['-n', String(niceness), ...vitest, ...reporters], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  const [code] = await once(child, 'close');
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    // A run can fail without a failing test: an error outside of them, a file that cannot be loaded.
    return { passed: numPassedTests, failed: Math.max(numFailedTests, code === 0 ? 0 : 1), skipped: numPendingTests };
  } catch {
    console.log(`\nvitest ended without a report for ${project}.`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
