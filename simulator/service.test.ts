import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '#shared/config/load-settings.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { startSimulator } from './service.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'live-sim-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function contextWith(scenario: string): ProcessContext {
  return {
    settings: loadSettings({ CORTEX_SIM_PORT: '0', CORTEX_SIM_SCENARIO: scenario }),
    log: createLog('live-sim', 'silent'),
    clock: manualClock(),
    meters: new Meters(),
    fail: () => undefined,
  };
}

describe('the simulator as a process', () => {
  it('plays a scenario from a file or by its name', async () => {
    const path = join(folder, 'faults.json');
    writeFileSync(path, '{"turns":[{"faults":[{"fault":"silent"}]}]}');
    for (const scenario of [path, 'silent-model']) await (await startSimulator(contextWith(scenario))).stop();
  });

  it.each([
    ['that is not there', undefined, 'is no ready-made scenario and no readable JSON file'],
    ['that is no JSON', 'turns: []', 'is no ready-made scenario and no readable JSON file'],
    ['that is no scenario', '{"turns":[{"turn":"first"}]}', 'turns.0.turn'],
  ])('names a scenario file %s, and its setting', async (_what, content, words) => {
    const path = join(folder, 'faults.json');
    if (content) writeFileSync(path, content);
    const started = startSimulator(contextWith(path));
    await expect(started).rejects.toThrow(`CORTEX_SIM_SCENARIO: ${path}`);
    await expect(started).rejects.toThrow(words);
  });
});
