import type { Command } from '../commands.ts';
import type { Level, ServiceLevel } from './service-level.ts';

/** What the user has been told about the level of service. */
export interface Announcements {
  /** The level the user believes in. */
  readonly believed: Level;
  /** Unix milliseconds of each sentence said, by level and reason. */
  readonly said: ReadonlyMap<string, number>;
}

/** Within this time the sentence is not said again for the same reason; the earcon still tells of the change. */
const SAME_REASON_MS = 600_000;

export function initialAnnouncements(believed: Level): Announcements {
  return { believed, said: new Map() };
}

/** One earcon and one short sentence for a change the user can notice. A trial of HTTP is none until it succeeds. */
export function announce(
  state: Announcements,
  { current, onTrial }: ServiceLevel,
  atMs: number,
): { state: Announcements; commands: Command[] } {
  if (onTrial || current.level === state.believed) return { state, commands: [] };
  const key = `${current.level}: ${current.reason}`;
  const recent = new Map([...state.said].filter(([, saidAtMs]) => atMs - saidAtMs < SAME_REASON_MS));
  const earcon = EARCON[current.level];
  if (recent.has(key)) {
    return { state: { believed: current.level, said: recent }, commands: [{ type: 'alert', earcon }] };
  }
  const text = sentence(state.believed, current.level, current.reason);
  return {
    state: { believed: current.level, said: recent.set(key, atMs) },
    commands: [{ type: 'alert', earcon, text }],
  };
}

const EARCON = { live: 'ready', http: 'attention', offline: 'offline' } as const;

function sentence(from: Level, to: Level, reason: string): string {
  if (to === 'live') return 'I am back at full speed.';
  if (to === 'offline') return `I am offline: ${reason}.`;
  return from === 'offline' ? 'I can answer again, but slowly.' : `My answers will be slower for now: ${reason}.`;
}
