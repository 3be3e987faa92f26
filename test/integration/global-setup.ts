import { execFileSync } from 'node:child_process';

/** Integration tests run the bundles, so the bundles must be of this source. `npm test` has built them before it starts two runs. */
export function setup(): void {
  if (process.env['CORTEX_TEST_BUILT']) return;
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
