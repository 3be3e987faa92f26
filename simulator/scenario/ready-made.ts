import { nearestName } from '#shared/config/nearest-name.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { CLOSE_CAUSES, type CloseCause } from '../live/close-causes.ts';
import { READY_MADE_CONNECTIONS } from './ready-made-connections.ts';
import { READY_MADE_REQUESTS } from './ready-made-requests.ts';
import { READY_MADE_TURNS } from './ready-made-turns.ts';
import type { Scenario } from './scenario.ts';

/** `close-CAUSE`: the first connection is closed with it in answer to its setup, the second works. */
const CLOSES = Object.fromEntries(
  (Object.keys(CLOSE_CAUSES) as CloseCause[]).map((cause): [string, Scenario] => [
    `close-${cause}`,
    {
      description: `The first setup is answered with the close ${CLOSE_CAUSES[cause].code} "${cause}"`,
      connections: [{ connection: 1, faults: [{ fault: 'close-on-setup', cause }] }],
    },
  ]),
);

/** Every scenario with a name, for CORTEX_SIM_SCENARIO, `/control/scenario` and tests. */
export const READY_MADE: Readonly<Record<string, Scenario>> = {
  ...CLOSES,
  ...READY_MADE_CONNECTIONS,
  ...READY_MADE_TURNS,
  ...READY_MADE_REQUESTS,
};

/** Throws ConfigurationError that names the nearest one there is. */
export function namedScenario(name: string): Scenario {
  const scenario = Object.hasOwn(READY_MADE, name) ? READY_MADE[name] : undefined;
  if (scenario) return scenario;
  const nearest = nearestName(name, Object.keys(READY_MADE));
  throw new ConfigurationError(`no scenario is called "${name}"${nearest ? `; did you mean ${nearest}?` : ''}`);
}
