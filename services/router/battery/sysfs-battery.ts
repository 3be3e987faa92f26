import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatteryReading } from '../control/local-answer.ts';

/** Where Linux lists batteries, of laptops and of the usual Pi battery boards alike. */
export const POWER_SUPPLIES = '/sys/class/power_supply';

/** The first battery below `folder`, or undefined on a machine without one. */
export function readBattery(folder = POWER_SUPPLIES): BatteryReading | undefined {
  for (const name of entries(folder)) {
    const percent = Number(field(folder, name, 'capacity') || Number.NaN);
    if (field(folder, name, 'type') !== 'Battery' || !Number.isFinite(percent)) continue;
    return { percent: Math.round(percent), charging: field(folder, name, 'status') === 'Charging' };
  }
  return undefined;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // No such folder: no battery.
  }
}

/** Empty where the driver does not offer the field, or the battery was taken out while we read. */
function field(folder: string, supply: string, name: string): string {
  try {
    return readFileSync(join(folder, supply, name), 'utf8').trim();
  } catch {
    return '';
  }
}
