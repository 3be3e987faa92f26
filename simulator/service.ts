import { readFileSync } from 'node:fs';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import type { ProcessContext, Running } from '#shared/lifecycle/run-process.ts';
import { createGeminiSimulator } from './gemini-simulator.ts';
import { namedScenario, READY_MADE } from './scenario/ready-made.ts';
import { parseScenario, type Scenario } from './scenario/scenario.ts';

/** Sound kept for `/control/audio`: under PM2 the simulator runs for days. */
const RECORDING_SECONDS = 60;

/** The simulator as a process: port and scenario from the settings. */
export async function startSimulator({ settings, log, clock }: ProcessContext): Promise<Running> {
  const scenario = settings.simulatorScenario ? scenarioOf(settings.simulatorScenario) : {};
  const simulator = await createGeminiSimulator({
    port: settings.simulatorPort,
    scenario,
    clock,
    log,
    recordingSeconds: RECORDING_SECONDS,
  });
  log.info({ url: simulator.url, scenario: scenario.description }, 'simulating the Gemini API');
  return { stop: () => simulator.close() };
}

/** A ready-made scenario's name or a JSON file. Throws ConfigurationError that names the setting and the file. */
function scenarioOf(nameOrPath: string): Scenario {
  if (Object.hasOwn(READY_MADE, nameOrPath)) return namedScenario(nameOrPath);
  return readScenario(nameOrPath);
}

function readScenario(path: string): Scenario {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(
      `CORTEX_SIM_SCENARIO: ${path} is no ready-made scenario and no readable JSON file (${messageOf(error)})`,
    );
  }
  return parseScenario(json, `CORTEX_SIM_SCENARIO: ${path}`);
}
