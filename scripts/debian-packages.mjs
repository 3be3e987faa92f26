// What the stack can use of Debian, each with what it is for. None is required: without a package its part is left out.
import { spawnSync } from 'node:child_process';

const RUN = [
  { name: 'build-essential', for: 'building the PortAudio binding' },
  { name: 'python3', for: 'building the PortAudio binding' },
  { name: 'libasound2-plugins', for: 'sound through PulseAudio or PipeWire' },
  { name: 'pulseaudio-utils', for: 'noticing devices that are unplugged' },
  // With it comes the ALSA library, whose own package has another name in each Debian.
  { name: 'alsa-utils', for: 'sound' },
  { name: 'espeak-ng', for: 'the local voice' },
];
const TEST = [
  ...RUN,
  { name: 'pulseaudio', for: 'the virtual sound card of the tests' },
  { name: 'pocketsphinx-testdata', for: 'recorded human speech in the tests' },
  { name: 'ffmpeg', for: 'video files and USB cameras' },
  { name: 'python3-paho-mqtt', for: 'the Python examples in the tests' },
];

function installed(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language
  const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout === 'installed';
}

function privilege() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function run(prefix, args) {
  const [command, ...rest] = [...prefix, ...args];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
}

/**
 * Installs what is missing where that needs no password; else prints the one line that would.
 * @param {'run' | 'test'} purpose
 * @returns {string[]} packages that are still missing
 */
export function installDebianPackages(purpose) {
  if (spawnSync('dpkg-query', ['--version'], { stdio: 'ignore' }).status !== 0) {
    console.log(
      'This is no Debian: sound needs ALSA and PortAudio, the local voice espeak-ng; going on with what there is.',
    );
    return [];
  }
  const wanted = (purpose === 'test' ? TEST : RUN).filter(({ name }) => !installed(name));
  if (wanted.length === 0) return [];
  const names = wanted.map(({ name }) => name);
  const prefix = privilege();
  if (prefix) {
    console.log(`Installing ${names.join(' ')} …`);
    const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names];
    // Package lists may be missing or old: fetch them once and try again before giving up.
    if (run(prefix, install) || (run(prefix, ['apt-get', 'update', '-q']) && run(prefix, install))) return [];
    console.log('apt-get could not install them.');
  }
  console.log(`Optional Debian packages are missing; going on without them. To have everything:\n`);
  console.log(`  sudo apt-get install -y ${names.join(' ')}\n`);
  for (const { name, for: purposeText } of wanted) console.log(`    ${name.padEnd(24)}${purposeText}`);
  console.log('');
  return names;
}
