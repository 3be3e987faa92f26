import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Battery } from './offline-answers.ts';

/** Linux names every battery here (Documentation/ABI/testing/sysfs-class-power); a board without one has none. */
const POWER_SUPPLIES = '/sys/class/power_supply';

/** The first battery of the machine, or undefined where there is none or it cannot be read. */
export async function readBattery(folder = POWER_SUPPLIES): Promise<Battery | undefined> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [type, capacity, status] = await Promise.all(
      ['type', 'capacity', 'status'].map((file) => readFile(join(folder, name, file), 'utf8').catch(() => '')),
    );
    const percent = Number.parseInt(capacity ?? '', 10);
    if (type?.trim() === 'Battery' && percent >= 0 && percent <= 100) {
      return { percent, charging: status?.trim() === 'Charging' || status?.trim() === 'Full' };
    }
  }
  return undefined;
}
