// Brings a fresh clone to where it can run: Node's version, Debian packages, npm packages, bundles.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { installDebianPackages } from './debian-packages.mjs';

const LOCK = 'package-lock.json';
const STAMP = 'node_modules/.cortex-installed';
const OLDEST_NODE = [20, 19];

/** @param {'run' | 'test'} purpose @returns {string[]} Debian packages that are missing */
export function setUp(purpose) {
  checkNode();
  const missing = installDebianPackages(purpose);
  installNpmPackages();
  runOrExit(process.execPath, ['scripts/build.mjs'], 'the build failed');
  return missing;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  console.error(
    `Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}. On Debian: https://nodejs.org/en/download`,
  );
  process.exit(1);
}

/** `npm ci` where node_modules is absent, of another lock file, or built for another Node. */
function installNpmPackages() {
  const wanted = createHash('sha256').update(readFileSync(LOCK)).update(process.versions.modules).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  console.log('Installing npm packages …');
  runOrExit('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], 'npm ci failed');
  writeFileSync(STAMP, wanted);
}

function runOrExit(command, args, complaint) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error(`${complaint}: see the lines above.`);
  process.exit(1);
}
