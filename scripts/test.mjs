// npm test: lint, type check, unit and integration tests; one closing line with the count.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @param {string[]} missing Debian packages that could not be installed
 * @returns {number} exit code
 */
export function runTests(missing) {
  for (const script of ['lint', 'typecheck']) {
    if (spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' }).status !== 0) {
      console.log(`\n${script} failed; the tests were not run.\n0 passed, 1 failed`);
      return 1;
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'cortex-tests-'));
  try {
    const report = join(folder, 'report.json');
    const { status } = spawnSync(
      'npx',
      ['--no-install', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      { stdio: 'inherit', env: { ...process.env, CORTEX_TEST_MISSING_PACKAGES: missing.join(' ') } },
    );
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    if (numPendingTests > 0) {
      console.log(
        `\n${numPendingTests} tests did not run, because these Debian packages are missing: ${missing.join(', ')}`,
      );
    }
    const failed = Math.max(numFailedTests, status === 0 ? 0 : 1);
    console.log(
      `\n${numPassedTests} passed, ${failed} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''}`,
    );
    return failed > 0 || (process.env.CI === 'true' && numPendingTests > 0) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
