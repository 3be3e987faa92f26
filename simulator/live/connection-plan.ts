import type { ConnectionFault } from '../scenario/fault.ts';
import type { Lifetime } from '../scenario/scenario.ts';
import type { Action, SessionProfile } from './session-state.ts';

/** Something that happens at a time of the connection, whatever is being said. Times count from `setupComplete`. */
interface Planned {
  afterMs: number;
  action: Action;
}

/** What lies ahead of a connection from the start: the end of its life, and what the scenario put on its way. */
export function planOf({ lifetime, faults }: SessionProfile): Planned[] {
  return [...(lifetime ? endOf(lifetime) : []), ...faults.flatMap(plannedBy)];
}

function endOf({ goAwayAfterMs, endAfterMs, cause }: Lifetime): Planned[] {
  const end: Planned = { afterMs: endAfterMs, action: { kind: 'close', cause } };
  if (goAwayAfterMs === undefined) return [end];
  const timeLeftMs = endAfterMs - goAwayAfterMs;
  return [{ afterMs: goAwayAfterMs, action: { kind: 'announce-end', timeLeftMs, silent: false } }, end];
}

function plannedBy(fault: ConnectionFault): Planned[] {
  switch (fault.fault) {
    case 'close-after':
      return [{ afterMs: fault.afterMs, action: { kind: 'close', cause: fault.cause } }];
    case 'drop-after':
      return [{ afterMs: fault.afterMs, action: { kind: 'drop' } }];
    case 'stall-after':
      return [{ afterMs: fault.afterMs, action: { kind: 'stall' } }];
    case 'garbage':
      return [{ afterMs: fault.afterMs, action: { kind: 'say-garbage' } }];
    case 'stray-empty-content':
      return [{ afterMs: fault.everyMs, action: { kind: 'repeat-stray', everyMs: fault.everyMs } }];
    case 'stray-interrupted':
      return [{ afterMs: fault.afterMs, action: { kind: 'say', message: { serverContent: { interrupted: true } } } }];
    case 'go-away': {
      const { afterMs, timeLeftMs, silent = false, end = 'go-away-ignored' } = fault;
      const announced: Planned = { afterMs, action: { kind: 'announce-end', timeLeftMs, silent } };
      if (end === 'never') return [announced];
      return [announced, { afterMs: afterMs + timeLeftMs, action: { kind: 'close', cause: end } }];
    }
    default:
      return [];
  }
}
