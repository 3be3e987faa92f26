// Downloads the models that work without a network: npm run models -- --help
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, parseEnv } from 'node:util';
import { DownloadError } from './models/download-file.mjs';
import { installModel } from './models/install-model.mjs';

const USAGE = `Downloads speech recognition and voice for the time without a network, and a listener that hears "stop" at once
(about 0.2 GB, 0.3 GB unpacked).
An interrupted download goes on where it stopped when this is run again.

  npm run models -- [--only recogniser|voice|keywords] [--dir FOLDER] [--pin]

  --only ROLE   this model alone; may be given more than once
  --dir FOLDER  instead of CORTEX_MODELS_DIR (default: models in the state folder)
  --pin         for maintainers: writes sizes and checksums of what is installed into offline-models.json, after which
                nothing else is accepted. Compare them with the publisher's first.`;

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    dir: { type: 'string' },
    pin: { type: 'boolean', default: false },
    manifest: { type: 'string', default: join(root, 'shared/offline-models/offline-models.json') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = await run();

async function run() {
  const manifest = JSON.parse(readFileSync(values.manifest, 'utf8'));
  const roles = manifest.models.map(({ role }) => role);
  const wanted = values.only ?? roles;
  const unknown = wanted.find((role) => !roles.includes(role));
  if (unknown !== undefined) {
    console.error(`--only ${unknown}: there is ${roles.join(', ')}`);
    return 1;
  }
  const modelsDir = values.dir ? resolve(values.dir) : configuredFolder();
  for (const model of manifest.models.filter(({ role }) => wanted.includes(role))) {
    try {
      const record = await installModel(model, modelsDir, { tell: (text) => console.log(`${model.name}: ${text}`) });
      if (values.pin) pin(model, record);
    } catch (error) {
      console.error(`${model.name}: ${error instanceof DownloadError ? error.message : (error.stack ?? error)}`);
      return 1;
    }
  }
  if (values.pin) {
    writeFileSync(values.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
    console.log(`pinned in ${values.manifest}; run npx biome check --write, look at the difference and commit it`);
  }
  return 0;
}

function pin(model, record) {
  Object.assign(model.archive, record.archive);
  for (const file of model.files) Object.assign(file, record.files[file.path]);
}

/** As the services find it: the environment, else `.env`, else the default. */
function configuredFolder() {
  const environment = { ...envFile(), ...process.env };
  return resolve(root, environment.CORTEX_MODELS_DIR || join(environment.CORTEX_STATE_DIR || '.cortex', 'models'));
}

function envFile() {
  try {
    return parseEnv(readFileSync(join(root, '.env'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}
