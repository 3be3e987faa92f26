import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Every process is started in the project's root; bundles lie in dist/ and cannot find anything relative to themselves. */
const root = process.cwd();

/** `require` as a module in the project's root would call it: for native modules and model files inside packages. */
export const requireFromRoot = createRequire(join(root, 'package.json'));

/** Path of a file that ships with this service. */
export function assetPath(name: string): string {
  return join(root, 'services/audio-in/assets', name);
}
