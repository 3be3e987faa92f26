import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { type ModelRole, OFFLINE_MODELS, type OfflineModel } from './model-manifest.ts';

/** What the download script wrote beside the files it unpacked: sizes in bytes by path. */
export const RECORD_NAME = 'downloaded.json';
const Record = z.object({ files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })) });

/** absent: nobody has downloaded it, which is fine. damaged: somebody has, and it would not load. */
export type ModelState = 'ready' | 'absent' | 'damaged';

export interface ModelCheck {
  readonly role: ModelRole;
  readonly about: string;
  readonly folder: string;
  readonly state: ModelState;
  /** One sentence for each file that is wrong; each names the file. */
  readonly problems: readonly string[];
  /** What to do where it is not ready. */
  readonly advice: string | undefined;
}

/** Looks at names and sizes only (a few ms), before each load and for `npm run doctor`; checksums are the download's business. */
export function checkModels(modelsDir: string): Promise<ModelCheck[]> {
  return Promise.all(OFFLINE_MODELS.map((model) => checkModel(modelsDir, model)));
}

export async function checkModel(modelsDir: string, model: OfflineModel): Promise<ModelCheck> {
  const folder = join(modelsDir, model.name);
  const { role, about, files } = model;
  const exists = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!exists) {
    const advice = `for ${about}: npm run models -- --only ${role}`;
    return { role, about, folder, state: 'absent', problems: [], advice };
  }
  const recorded = await recordedSizes(folder);
  const found = await Promise.all(
    files.map(({ path, bytes }) => problemOf(join(folder, path), bytes ?? recorded[path])),
  );
  const problems = found.filter((problem) => problem !== undefined);
  if (problems.length === 0) return { role, about, folder, state: 'ready', problems, advice: undefined };
  const advice = `delete ${folder}, then: npm run models -- --only ${role}`;
  return { role, about, folder, state: 'damaged', problems, advice };
}

async function problemOf(path: string, bytes: number | undefined): Promise<string | undefined> {
  const size = await stat(path).then(
    (entry) => (entry.isFile() ? entry.size : undefined),
    () => undefined,
  );
  if (size === undefined) return `${path} is missing`;
  if (size === 0) return `${path} is empty`;
  if (bytes === undefined || size === bytes) return undefined;
  if (size < bytes) return `${path} is cut off: ${size} of ${bytes} bytes`;
  return `${path} is another file: ${size} bytes instead of ${bytes}`;
}

/** Files put there by hand have no record; then only a missing or an empty one is seen before the load. */
async function recordedSizes(folder: string): Promise<{ [path: string]: number | undefined }> {
  try {
    const { files } = Record.parse(JSON.parse(await readFile(join(folder, RECORD_NAME), 'utf8')));
    return Object.fromEntries(Object.entries(files).map(([path, { bytes }]) => [path, bytes]));
  } catch {
    return {};
  }
}
