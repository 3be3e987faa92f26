import type { Fallback, Privacy } from '#shared/contract/control.ts';
import type { LayerResponse } from '#shared/contract/layers.ts';
import type { Playback } from '#shared/contract/speaker.ts';
import type { Session, Transcript, Turn } from '#shared/contract/thinker.ts';
import type { Command } from './commands.ts';
import { type LayerRequests, NO_REQUESTS } from './layers/layer-requests.ts';
import { type Announcements, initialAnnouncements } from './level/announcements.ts';
import { initialLevel, type ServiceLevel } from './level/service-level.ts';
import { NO_TURNS, type TurnWatch } from './turns/turn-watch.ts';

export interface RouterState {
  readonly turns: TurnWatch;
  readonly requests: LayerRequests;
  readonly level: ServiceLevel;
  readonly announcements: Announcements;
  readonly privacy: Privacy;
  /** 0 to 1. */
  readonly volume: number;
  readonly speaking: boolean;
  readonly thinkerThere: boolean;
  /** Unix milliseconds; tells one thinker process from the next. */
  readonly thinkerStartedAtMs?: number;
  /** The last final transcript, to know a repeated delivery by. */
  readonly lastFinal?: { readonly turn: number; readonly text: string; readonly atMs: number };
  /** The turn whose unfinished words already stopped the speech. */
  readonly hushedBy?: number;
}

export type RouterEvent = { atMs: number } & (
  | { type: 'transcribed'; transcript: Transcript }
  | { type: 'turnReported'; turn: Turn }
  | { type: 'sessionReported'; session: Session }
  | { type: 'played'; playback: Playback }
  | { type: 'speakerReported'; speaking: boolean; volume: number }
  | { type: 'layerAnswered'; layer: 1 | 3; response: LayerResponse }
  | { type: 'privacyChanged'; privacy: Privacy; retained: boolean }
  | { type: 'volumeChanged'; volume: number }
  | { type: 'liveSwitched'; wanted: boolean }
  | { type: 'thinkerSeen'; there: boolean; startedAtMs: number }
  /** A lone "stop" was recognised on the device, before any transcript. */
  | { type: 'stopHeard' }
  | { type: 'timePassed' }
);

export interface RouterReaction {
  state: RouterState;
  commands: Command[];
}

/** @param found the level a former router left behind, if any. */
export function initialRouter(found: Fallback | undefined, liveWanted: boolean, atMs: number): RouterState {
  const level = initialLevel(found, liveWanted, atMs);
  return {
    turns: NO_TURNS,
    requests: NO_REQUESTS,
    level,
    announcements: initialAnnouncements(level.current),
    privacy: { microphone: false, camera: false },
    volume: 1,
    speaking: false,
    thinkerThere: true,
  };
}

/** The state of a router that takes over from another one, which left `found` behind. */
export function succeedAt(
  state: RouterState,
  found: Fallback | undefined,
  liveWanted: boolean,
  atMs: number,
): RouterState {
  const { level, announcements, requests } = initialRouter(found, liveWanted, atMs);
  return { ...state, level, announcements, requests };
}

export function quietly(state: RouterState): RouterReaction {
  return { state, commands: [] };
}
