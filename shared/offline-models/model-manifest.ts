import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Settings } from '#shared/config/settings.ts';
import manifest from './offline-models.json' with { type: 'json' };

/** `null` until somebody who has the genuine file has pinned it (`npm run models -- --pin`). */
const Pins = { bytes: z.nullable(z.int()), sha256: z.nullable(z.string()) };

const OfflineModel = z.object({
  role: z.enum(['recogniser', 'voice', 'keywords']),
  /** Also the folder's name, here and in the archive. */
  name: z.string(),
  about: z.string(),
  license: z.string(),
  archive: z.object({ url: z.string(), approximateMegabytes: z.number(), ...Pins }),
  /** What the program opens; the archive may hold more. */
  files: z.array(z.object({ path: z.string(), ...Pins })),
});
export type OfflineModel = z.infer<typeof OfflineModel>;
export type ModelRole = OfflineModel['role'];

/** The models this program knows how to use, from `offline-models.json`, which the download script reads, too. */
export const OFFLINE_MODELS: readonly OfflineModel[] = z.array(OfflineModel).parse(manifest.models);

export function offlineModel(role: ModelRole): OfflineModel {
  const model = OFFLINE_MODELS.find((one) => one.role === role);
  if (!model) throw new RangeError(`offline-models.json names no ${role}`);
  return model;
}

/** Where model files are looked for. */
export function modelsFolder({ modelsDir, stateDir }: Pick<Settings, 'modelsDir' | 'stateDir'>): string {
  return modelsDir ?? join(stateDir, 'models');
}
