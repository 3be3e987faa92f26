import { execFileSync } from 'node:child_process';

/** Integration tests run the bundles, so the bundles must be of this source. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
