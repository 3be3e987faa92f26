import type { LayerResponse } from '#shared/contract/layers.ts';
import type { Command } from '../commands.ts';

/** What other layers have been asked lately, answered or not: an answer that comes again must be known for one. */
export interface LayerRequests {
  readonly recent: readonly LayerRequestState[];
  /** Layers that let the last request run out: the next one waits less, because the user should not. */
  readonly silent: readonly (1 | 3)[];
}

export interface LayerRequestState {
  readonly id: string;
  readonly layer: 1 | 3;
  readonly intent: string;
  readonly turn: number;
  readonly askedAtMs: number;
  /** Nobody else can answer this: the model's own words are void. */
  readonly alone: boolean;
  /** Unix milliseconds after which the user is told that there is no answer; absent once that is done or settled. */
  readonly dueAtMs?: number;
  /** Answered, given up by the user, or taken on by the model: an answer that comes now would only talk over something. */
  readonly settled?: true;
}

export type LayerEvent = { atMs: number } & (
  | { type: 'asked'; layer: 1 | 3; intent: string; turn: number; text: string; alone: boolean }
  /** `overtaken`: the user has asked something else since. */
  | { type: 'answered'; layer: 1 | 3; response: LayerResponse; overtaken: (turn: number) => boolean }
  /** `modelAnswers`: the thinker has taken the turn up, so that the user does not go without an answer. */
  | { type: 'timePassed'; modelAnswers: (turn: number) => boolean; overtaken: (turn: number) => boolean }
);

/** How long the user waits for a layer. Layer 1 is local and fast; Layer 3 may ask a positioning or map service. */
export const TIME_LIMIT_MS = { 1: 1_500, 3: 4_000 } as const;
/** For a layer that did not answer last time. */
export const SILENT_LAYER_LIMIT_MS = 1_000;
/** An answer later than this is about another place or another moment. */
const LATEST_ANSWER_MS = 30_000;
/** Nobody answers requests further back than this; the oldest is forgotten. */
const MAX_RECENT = 32;

export const NO_REQUESTS: LayerRequests = { recent: [], silent: [] };

/** What is said, and what is done about the model, in reaction to an event. `takeOver` names a turn whose own answer is void. */
export interface LayerReaction {
  state: LayerRequests;
  commands: Command[];
  takeOver?: number;
}

export function nextLayerRequests(state: LayerRequests, event: LayerEvent): LayerReaction {
  switch (event.type) {
    case 'asked':
      return asked(state, event);
    case 'answered':
      return answered(state, event);
    case 'timePassed':
      return timePassed(state, event);
  }
}

/** Unix milliseconds of the next moment at which something is due, or undefined. */
export function nextDueMs({ recent }: LayerRequests): number | undefined {
  const due = recent.flatMap(({ dueAtMs }) => (dueAtMs === undefined ? [] : [dueAtMs]));
  return due.length === 0 ? undefined : Math.min(...due);
}

/** How many requests the user still waits for. */
export function openCount({ recent }: LayerRequests): number {
  return recent.filter(({ dueAtMs }) => dueAtMs !== undefined).length;
}

/** The user wants to hear none of it any more. */
export function giveUpAll(state: LayerRequests): LayerRequests {
  return { ...state, recent: state.recent.map(settle) };
}

function settle({ dueAtMs: _due, ...request }: LayerRequestState): LayerRequestState {
  return { ...request, settled: true };
}

function asked(state: LayerRequests, event: LayerEvent & { type: 'asked' }): LayerReaction {
  const { layer, intent, turn, text, alone, atMs } = event;
  const id = `layer${layer}-${turn}-${Math.round(atMs).toString(36)}`;
  const limitMs = state.silent.includes(layer) ? SILENT_LAYER_LIMIT_MS : TIME_LIMIT_MS[layer];
  const request: LayerRequestState = { id, layer, intent, turn, askedAtMs: atMs, alone, dueAtMs: atMs + limitMs };
  const reaction: LayerReaction = {
    state: { ...state, recent: [...state.recent, request].slice(-MAX_RECENT) },
    commands: [{ type: 'askLayer', layer, request: { id, text, intent, turn, at: atMs } }],
  };
  return alone ? { ...reaction, takeOver: turn } : reaction;
}

/**
 * An answer to an unknown request is spoken all the same: a router that has just been restarted does not know what its
 * predecessor asked, and the user waits for it.
 */
function answered(state: LayerRequests, event: LayerEvent & { type: 'answered' }): LayerReaction {
  const { layer, response, overtaken, atMs } = event;
  const request = state.recent.find(({ id }) => id === response.id);
  const after: LayerRequests = {
    recent: state.recent.map((other) => (other === request ? settle(other) : other)),
    silent: state.silent.filter((other) => other !== layer),
  };
  if (request && isStale(request, atMs, overtaken))
    return { state: after, commands: [{ type: 'count', name: 'layerAnswersTooLate' }] };
  const commands: Command[] = [{ type: 'count', name: `layer${layer}Answers` }];
  const text = response.text.trim();
  if (text === '') return { state: after, commands };
  if (!response.speak) commands.push({ type: 'tellThinker', source: `layer${layer}`, text });
  else commands.push({ type: 'say', text });
  return response.speak && request ? { state: after, commands, takeOver: request.turn } : { state: after, commands };
}

function isStale(request: LayerRequestState, atMs: number, overtaken: (turn: number) => boolean): boolean {
  return request.settled === true || overtaken(request.turn) || atMs - request.askedAtMs > LATEST_ANSWER_MS;
}

function timePassed(state: LayerRequests, event: LayerEvent & { type: 'timePassed' }): LayerReaction {
  const commands: Command[] = [];
  const silent = new Set(state.silent);
  const recent = state.recent.map((request): LayerRequestState => {
    const { dueAtMs, ...waiting } = request;
    if (dueAtMs === undefined || event.atMs < dueAtMs) return request;
    silent.add(request.layer);
    commands.push({ type: 'count', name: `layer${request.layer}Timeouts` });
    if (!request.alone && event.modelAnswers(request.turn)) return settle(request);
    if (!event.overtaken(request.turn)) commands.push(...apology(request));
    return waiting;
  });
  return { state: { recent, silent: [...silent] }, commands };
}

const APOLOGIES: Readonly<Record<string, string>> = {
  'where-am-i': 'Sorry, I do not know where we are: I am getting no position.',
  navigate: 'Sorry, I cannot guide you: the navigation does not answer.',
  'stop-navigation': 'Sorry, the navigation does not answer.',
  'route-status': 'Sorry, I do not know: the navigation does not answer.',
  nearby: 'Sorry, I cannot tell what is near: I am getting no position.',
  remember: 'Sorry, I could not save that: my memory does not answer.',
  recall: 'Sorry, I cannot look that up: my memory does not answer.',
  forget: 'Sorry, I could not delete that: my memory does not answer.',
  find: 'Sorry, I cannot look for it right now.',
};

function apology({ layer, intent }: LayerRequestState): Command[] {
  const text = APOLOGIES[intent] ?? 'Sorry, I cannot tell right now.';
  const honest = `The user asked (${intent}) and was told: "${text}" Nothing is known about the user's position or route; never state or guess one.`;
  return [
    { type: 'say', text },
    ...(layer === 3 ? [{ type: 'tellThinker', source: 'router', text: honest } as const] : []),
  ];
}
