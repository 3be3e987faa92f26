import type { Fallback } from '#shared/contract/control.ts';
import type { Command } from '../commands.ts';
import type { Level, ServiceLevel } from './service-level.ts';

/** What the user has been told about the level of service. */
export interface Announcements {
  /** The level and reason the user knows of. */
  readonly believed: Pick<Fallback, 'level' | 'reason'>;
  /** Unix milliseconds of each sentence said, by level and reason. */
  readonly said: ReadonlyMap<string, number>;
}

/** Within this time the sentence is not said again for the same reason; the earcon still tells of the change. */
const SAME_REASON_MS = 600_000;

export function initialAnnouncements(believed: Announcements['believed']): Announcements {
  return { believed, said: new Map() };
}

/**
 * One earcon and one short sentence for a change the user can notice, and what to do where a person must act. A trial of HTTP
 * is no change until it succeeds. Nobody else tells the user why Gemini does not answer while the router does.
 */
export function announce(
  state: Announcements,
  { current, onTrial, lostTo }: ServiceLevel,
  atMs: number,
): { state: Announcements; commands: Command[] } {
  const { believed } = state;
  const news = current.level !== believed.level || (lostTo?.toDo !== undefined && current.reason !== believed.reason);
  if (onTrial || !news) return { state, commands: [] };
  const key = `${current.level}: ${current.reason}`;
  const recent = new Map([...state.said].filter(([, saidAtMs]) => atMs - saidAtMs < SAME_REASON_MS));
  const earcon = EARCON[current.level];
  if (recent.has(key)) {
    return { state: { believed: current, said: recent }, commands: [{ type: 'alert', earcon }] };
  }
  const change = sentence(believed.level, current);
  const text = current.level === 'live' || lostTo?.toDo === undefined ? change : `${change} ${lostTo.toDo}`;
  return {
    state: { believed: current, said: recent.set(key, atMs) },
    commands: [{ type: 'alert', earcon, text }],
  };
}

const EARCON = { live: 'ready', http: 'attention', offline: 'offline' } as const;

function sentence(from: Level, { level, reason }: Fallback): string {
  if (level === 'live') return 'I am back at full speed.';
  if (level === 'offline') return `I am offline: ${reason}.`;
  return from === 'offline' ? 'I can answer again, but slowly.' : `My answers will be slower for now: ${reason}.`;
}
