import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Settings } from '#shared/config/settings.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { type Check, failed, ok, optional } from './check.ts';
import { outputOf } from './run-program.ts';

/** Logs, recordings and models need some room; below this the SD card is about to be full. */
const FREE_BYTES_WANTED = 500_000_000;

export function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const found = `${process.versions.node} ${process.arch}`;
  const recent = major > 20 || (major === 20 && minor >= 19);
  return recent ? ok('Node.js', found) : failed('Node.js', found, 'install Node 20.19 or newer');
}

/** Native packages must be built for this Node and this machine. */
export function checkNativePackages(root: string): Check[] {
  const require = createRequire(join(root, 'package.json'));
  const packages = [
    { name: 'sharp', needed: true, remedy: 'npm ci' },
    { name: 'sherpa-onnx-node', needed: true, remedy: 'npm ci' },
    {
      // The services load its native half only.
      name: 'naudiodon/build/Release/naudiodon.node',
      needed: false,
      remedy:
        'apt-get install build-essential python3 && npm rebuild naudiodon (64-bit Pi: docs/raspberry-pi.md); alsa: devices work without it',
    },
  ];
  return packages.map(({ name, needed, remedy }) => {
    const subject = name.split('/')[0] ?? name;
    try {
      require(name);
      return ok(subject, 'loads');
    } catch (error) {
      const found = (messageOf(error).split('\n')[0] ?? '').slice(0, 80);
      return needed ? failed(subject, found, remedy) : optional(subject, found, remedy);
    }
  });
}

export function checkStateFolder(settings: Settings): Check {
  try {
    mkdirSync(settings.stateDir, { recursive: true, mode: 0o700 });
    accessSync(settings.stateDir, constants.W_OK);
    const { bavail, bsize } = statfsSync(settings.stateDir);
    const free = bavail * bsize;
    const found = `${settings.stateDir}, ${Math.round(free / 1e9)} GB free`;
    return free > FREE_BYTES_WANTED ? ok('state folder', found) : failed('state folder', found, 'free some space');
  } catch (error) {
    return failed('state folder', messageOf(error), 'set CORTEX_STATE_DIR to a folder that can be written');
  }
}

export async function checkVoice(): Promise<Check> {
  const version = await outputOf('espeak-ng', ['--version']);
  return version
    ? ok('local voice', (version.split('  ')[0] ?? version).trim())
    : optional(
        'local voice',
        'espeak-ng is not installed',
        'apt-get install espeak-ng; without it alerts and offline answers are earcons only',
      );
}
