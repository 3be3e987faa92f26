// Bundles each process into one file of dist/. Start-up time is the gap a restart leaves, and bundle size is memory:
// measured on the target, a bundle starts in two thirds of the time the same modules take unbundled.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What our dependencies bring along and nothing here ever runs, with what stands in its place. A third of each bundle, twice its size
 * in memory (Node keeps a script's text, V8 what it made of it), six times over.
 */
const LEFT_OUT = {
  // mqtt.js brings Node's own streams along for browsers.
  'readable-stream': `module.exports = require('node:stream');`,
  // Timers of mqtt.js for browser tabs in the background.
  'worker-timers': `module.exports = {};`,
  // mqtt.js through a SOCKS proxy (MQTTJS_SOCKS_PROXY).
  socks: `exports.SocksClient = { createConnection() { throw new Error('this build speaks to no SOCKS proxy: unset MQTTJS_SOCKS_PROXY'); } };`,
  // Logs in a thread of their own: ours go to standard output.
  'thread-stream': `module.exports = class { constructor() { throw new Error('this build has no pino transports'); } };`,
  // Vertex AI's logins; an API key needs none of it.
  'google-auth-library': `exports.GoogleAuth = class { constructor() { throw new Error('this build knows API keys only'); } };`,
};

const leaveOut = {
  name: 'leave-out',
  setup(plugin) {
    const filter = new RegExp(`^(${Object.keys(LEFT_OUT).join('|')})$`);
    plugin.onResolve({ filter }, ({ path }) => ({ path, namespace: 'left-out' }));
    plugin.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path] }));
  },
};

const entryPoints = {};
for (const service of readdirSync(`${root}services`)) {
  if (existsSync(`${root}services/${service}/main.ts`)) entryPoints[service] = `services/${service}/main.ts`;
}
for (const [name, path] of [
  ['live-sim', 'simulator/main.ts'],
  ['cli', 'cli/main.ts'],
  ['docs', 'cli/docs/main.ts'],
  ['speech-engine', 'services/thinker/backends/offline/speech-engine-process.ts'],
  ['keyword-spotter', 'services/router/local-stop/keyword-process.ts'],
  ['bench', 'bench/main.ts'],
]) {
  if (existsSync(`${root}${path}`)) entryPoints[name] = path;
}

const { metafile } = await build({
  absWorkingDir: root,
  metafile: true,
  entryPoints,
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  // Native code cannot be bundled; pm2 finds its own files relative to itself.
  external: ['sharp', 'sherpa-onnx-node', 'naudiodon', 'pm2'],
  plugins: [leaveOut],
});

// esbuild escapes every character beyond ASCII but those in regular expressions, and one of them makes V8 keep the whole
// text with two bytes a character (the thinker's has 1.4 million). The escape means the same there.
for (const file of Object.keys(metafile.outputs).filter((name) => name.endsWith('.cjs'))) {
  const text = readFileSync(`${root}${file}`, 'utf8');
  const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(`${root}${file}`, text.replace(/[\u0080-\uffff]/g, escaped));
}

// The dashboard: one page without any network but the broker's. It brings its own MQTT client.
if (existsSync(`${root}dashboard/main.ts`)) {
  await build({
    absWorkingDir: root,
    entryPoints: ['dashboard/main.ts'],
    outdir: 'dist/dashboard',
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'style.css', 'icon.svg']) {
    copyFileSync(`${root}dashboard/${file}`, `${root}dist/dashboard/${file}`);
  }
}
