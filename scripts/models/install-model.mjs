// Brings one model of offline-models.json into the models folder.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { DownloadError, downloadFile, megabytes, mismatch, sha256Of } from './download-file.mjs';

/** Beside the unpacked files: what they were, so that a damaged one is found without the archive. */
const RECORD_NAME = 'downloaded.json';
/** The archive, what is in it, and the copy that is being unpacked. */
const ROOM_FACTOR = 3;

/**
 * Downloads, checks, unpacks and puts in place; the model's folder appears whole or not at all. Returns its record.
 * Throws DownloadError, or Error where this machine cannot unpack. @param options {tell(text), stallMs?, firstPauseMs?}
 */
export async function installModel(model, modelsDir, options) {
  const { tell } = options;
  const folder = join(modelsDir, model.name);
  const present = await presentRecord(model, folder);
  if (present) {
    tell('is there and whole');
    return present;
  }
  mkdirSync(modelsDir, { recursive: true });
  checkRoom(modelsDir, model);
  const archive = join(modelsDir, basename(new URL(model.archive.url).pathname));
  const archiveFacts =
    (await keptArchive(archive, model)) ?? (await downloadFile(model.archive.url, archive, model.archive, options));
  if (model.archive.sha256 === null) {
    tell(`its SHA-256 is ${archiveFacts.sha256}; it is not pinned in offline-models.json, so nobody has compared it`);
  }
  const draft = mkdtempSync(join(modelsDir, '.unpacking-'));
  try {
    unpack(archive, draft);
    const record = { archive: archiveFacts, files: await factsOf(model, join(draft, model.name)) };
    writeFileSync(join(draft, model.name, RECORD_NAME), `${JSON.stringify(record, null, 2)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(draft, model.name), folder);
    rmSync(archive);
    tell(`installed in ${folder}`);
    return record;
  } catch (error) {
    // Where only this machine's tar failed, a hundred megabytes need not be downloaded again.
    if (error instanceof DownloadError) rmSync(archive, { force: true });
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The facts of an archive that an earlier run downloaded and could not unpack. */
async function keptArchive(archive, model) {
  if (!existsSync(archive)) return undefined;
  const facts = { bytes: statSync(archive).size, sha256: await sha256Of(archive) };
  return mismatch(facts, model.archive) ? undefined : facts;
}

/** The record of a model that is there, unless a file of it is not what it was or not what is pinned. */
async function presentRecord(model, folder) {
  const path = join(folder, RECORD_NAME);
  if (!existsSync(path)) return undefined;
  try {
    const record = JSON.parse(readFileSync(path, 'utf8'));
    const facts = await factsOf(model, folder);
    const whole = model.files.every((file) => !mismatch(facts[file.path], record.files[file.path]));
    return whole ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Sizes and checksums of a model's files. Throws DownloadError that names the file which is missing or not the pinned one. */
async function factsOf(model, folder) {
  const facts = {};
  for (const file of model.files) {
    const path = join(folder, file.path);
    if (!existsSync(path)) throw new DownloadError(`${model.archive.url} holds no ${model.name}/${file.path}`);
    facts[file.path] = { bytes: statSync(path).size, sha256: await sha256Of(path) };
    const problem = mismatch(facts[file.path], file);
    if (problem)
      throw new DownloadError(`${model.name}/${file.path} is not the file this program was made for: ${problem}`);
  }
  return facts;
}

function unpack(archive, folder) {
  const { status, error, stderr } = spawnSync('tar', ['-xf', archive, '-C', folder, '--no-same-owner'], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  throw new Error(
    `${archive} cannot be unpacked (${(error?.message ?? stderr.trim().split('\n').at(-1)) || 'tar failed'}); apt-get install tar bzip2`,
  );
}

function checkRoom(modelsDir, { archive }) {
  const { bavail, bsize } = statfsSync(modelsDir);
  const needed = (archive.bytes ?? archive.approximateMegabytes * 1e6) * ROOM_FACTOR;
  if (bavail * bsize < needed) {
    throw new DownloadError(`${modelsDir} has ${megabytes(bavail * bsize)} free and ${megabytes(needed)} are needed`);
  }
}
