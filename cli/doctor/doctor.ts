import type { Settings } from '#shared/config/settings.ts';
import { listProcesses } from '../pm2.ts';
import { renderTable } from '../table.ts';
import type { Check } from './check.ts';
import { checkCamera, checkSound } from './device-checks.ts';
import { checkNativePackages, checkNode, checkStateFolder, checkVoice } from './machine-checks.ts';
import { checkOfflineModels } from './model-checks.ts';
import { checkKey, checkPorts } from './network-checks.ts';

const MARKS: Record<Check['state'], string> = { ok: 'ok', optional: '–', failed: 'FAILED' };

/** Checks the machine and prints what to do. Exit code 1 when something the stack needs is missing. */
export async function doctor(root: string, settings: Settings): Promise<number> {
  const running = (await listProcesses(root)).some(({ name, pid }) => name === 'broker' && Boolean(pid));
  const checks: Check[] = [
    checkNode(),
    ...checkNativePackages(root),
    checkStateFolder(settings),
    checkKey(settings),
    ...(await checkPorts(settings, running)),
    ...(await checkSound(settings)),
    await checkCamera(settings),
    await checkVoice(),
    ...(await checkOfflineModels(settings)),
  ];
  console.log(
    renderTable([['what', 'state', 'found'], ...checks.map((row) => [row.subject, MARKS[row.state], row.found])]),
  );
  for (const { subject, state, remedy } of checks) if (state !== 'ok') console.log(`\n${subject}: ${remedy}`);
  return checks.some(({ state }) => state === 'failed') ? 1 : 0;
}
