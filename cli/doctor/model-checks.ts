import type { Settings } from '#shared/config/settings.ts';
import { checkModels } from '#shared/offline-models/check-models.ts';
import { modelsFolder } from '#shared/offline-models/model-manifest.ts';
import { type Check, failed, ok, optional } from './check.ts';

/** The models of the offline level: none are needed, but damaged ones are to be mended. */
export async function checkOfflineModels(settings: Settings): Promise<Check[]> {
  const checks = await checkModels(modelsFolder(settings));
  return checks.map(({ role, folder, state, problems, advice = '' }) => {
    const subject = `offline ${role}`;
    if (state === 'ready') return ok(subject, folder);
    if (state === 'absent') return optional(subject, 'not downloaded', advice);
    return failed(subject, problems.join('; '), advice);
  });
}
