import { level, speech } from '#shared/contract/audio-in.ts';
import type { Channel } from '#shared/contract/channel.ts';
import { fallback, interrupt, privacy, runtimeSettings, volume } from '#shared/contract/control.ts';
import { decision } from '#shared/contract/layers.ts';
import { type Metrics, metrics, type Status, status } from '#shared/contract/service.ts';
import { playback, speakerState } from '#shared/contract/speaker.ts';
import { session, type Transcript, type Turn, transcript, turn } from '#shared/contract/thinker.ts';

/** What the page listens to, by the name its events have here. */
export const WATCHED = {
  session,
  fallback,
  privacy,
  volume,
  runtimeSettings,
  level,
  speech,
  speakerState,
  playback,
  transcript,
  turn,
  interrupt,
  decision,
  status,
  metrics,
} as const;

type PayloadOf<Watched> = Watched extends Channel<infer Payload> ? Payload : never;
type Watched = typeof WATCHED;

export type BusEvent = {
  [Kind in keyof Watched]: {
    kind: Kind;
    payload: PayloadOf<Watched[Kind]>;
    levels: Record<string, string>;
    /** Unix time in milliseconds. */
    atMs: number;
  };
}[keyof Watched];

export type DashboardEvent =
  | BusEvent
  | { kind: 'linkChanged'; link: Link; atMs: number }
  | { kind: 'loggedIn'; account: DashboardAccount; atMs: number };

export type Link = 'connecting' | 'open' | 'lost';
export type DashboardAccount = 'guest' | 'operator';

/** One exchange as the page shows it, put together from turn states, transcripts, playback and routing. */
export interface TurnView {
  turn: number;
  report?: Turn;
  user?: Transcript;
  model?: Transcript;
  playedMs?: number;
  layer?: number;
  intent?: string;
}

export interface ServiceView {
  status?: Status;
  metrics?: Metrics;
}

export interface DashboardState {
  link: Link;
  account: DashboardAccount;
  /** The last value of each topic that is a value. */
  latest: { [Kind in Exclude<keyof Watched, 'status' | 'metrics'>]?: PayloadOf<Watched[Kind]> };
  /** Oldest first. */
  turns: readonly TurnView[];
  services: Readonly<Record<string, ServiceView>>;
  interruptedAtMs?: number;
}

/** The page is a window on the conversation, not its archive. */
const MAX_TURNS = 30;

export const INITIAL_STATE: DashboardState = {
  link: 'connecting',
  account: 'guest',
  latest: {},
  turns: [],
  services: {},
};

/** The state after an event; pure. */
export function next(state: DashboardState, event: DashboardEvent): DashboardState {
  switch (event.kind) {
    case 'linkChanged':
      return { ...state, link: event.link };
    case 'loggedIn':
      return { ...state, account: event.account };
    case 'status':
    case 'metrics': {
      const { service } = event.levels;
      if (!service) return state;
      const known = state.services[service];
      return { ...state, services: { ...state.services, [service]: { ...known, [event.kind]: event.payload } } };
    }
    case 'turn': {
      const interrupted = event.payload.state === 'interrupted' ? { interruptedAtMs: event.atMs } : {};
      return withTurn(remember(state, event), event.payload.turn, { report: event.payload }, interrupted);
    }
    case 'transcript':
      return withTurn(remember(state, event), event.payload.turn, { [event.payload.role]: event.payload });
    case 'playback':
      return withTurn(remember(state, event), event.payload.turn, { playedMs: event.payload.playedMs });
    case 'decision': {
      const { turn: number, layer, intent } = event.payload;
      return withTurn(remember(state, event), number, { layer, intent });
    }
    case 'interrupt':
      return { ...remember(state, event), interruptedAtMs: event.atMs };
    default:
      return remember(state, event);
  }
}

function remember(state: DashboardState, event: BusEvent): DashboardState {
  return { ...state, latest: { ...state.latest, [event.kind]: event.payload } };
}

function withTurn(
  state: DashboardState,
  number: number,
  news: Partial<TurnView>,
  more: Partial<DashboardState> = {},
): DashboardState {
  const known = state.turns.find((view) => view.turn === number) ?? { turn: number };
  const others = state.turns.filter((view) => view.turn !== number);
  const turns = [...others, { ...known, ...news }].sort((a, b) => a.turn - b.turn).slice(-MAX_TURNS);
  return { ...state, ...more, turns };
}
