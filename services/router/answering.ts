import type { Transcript } from '#shared/contract/thinker.ts';
import type { Command } from './commands.ts';
import { obey } from './control/obey.ts';
import { giveUpAll, type LayerReaction, nextLayerRequests } from './layers/layer-requests.ts';
import { isGuidesAlone } from './layers/ownership.ts';
import { quietly, type RouterReaction, type RouterState } from './router-state.ts';
import { type Route, route } from './routing/route.ts';
import { spokenControl } from './rules/spoken-control.ts';
import { isOpen, isOvertaken, isTyped, lastReply, replyTranscribed, turnTakenOver } from './turns/turn-watch.ts';

/** QoS 1 may deliver twice; nobody says the same words twice in the same turn within this time. */
const REPEATED_DELIVERY_MS = 2_000;
/** Unmistakable before the sentence is over; a lone "stop" could still become "stop navigation". */
const FIRM_STOP = /^(stop talking|stop stop|be quiet|shut up)\b/i;

/** What is done about something said. */
export function transcribed(state: RouterState, transcript: Transcript, atMs: number): RouterReaction {
  const { turn, text, role, final } = transcript;
  if (role === 'model') return quietly({ ...state, turns: replyTranscribed(state.turns, transcript) });
  if (!final) return hushed(state, turn, text);
  const { lastFinal } = state;
  if (lastFinal?.turn === turn && lastFinal.text === text && atMs - lastFinal.atMs < REPEATED_DELIVERY_MS) {
    return quietly(state);
  }
  const heard = { ...state, lastFinal: { turn, text, atMs } };
  const found = route(text);
  if (!found) return { state: heard, commands: [{ type: 'count', name: 'transcriptsIgnored' }] };
  const { intent, confidence } = found;
  // A command in a text question comes from another layer; only what was spoken commands the device.
  const forThinker = found.intent in spokenControl.intents && isTyped(state.turns, turn);
  const layer = forThinker ? 2 : found.layer;
  const reaction = forThinker ? quietly(heard) : follow(heard, found, turn, text, atMs);
  reaction.commands.push(
    { type: 'decide', decision: { turn, text, layer, intent, confidence } },
    { type: 'count', name: `layer${layer}Decisions` },
  );
  return reaction;
}

/** Somebody who says "stop talking" over the reply shall not have to wait for the end of his own sentence. */
function hushed(state: RouterState, turn: number, text: string): RouterReaction {
  if (!state.speaking || state.hushedBy === turn || !FIRM_STOP.test(text.trim())) return quietly(state);
  return { state: { ...state, hushedBy: turn }, commands: [{ type: 'interrupt', source: 'voice-command' }] };
}

function follow(state: RouterState, found: Route, turn: number, text: string, atMs: number): RouterReaction {
  const { layer, intent } = found;
  if (layer === 0) return alarm(state, intent, turn);
  const offline = state.level.current.level === 'offline';
  const obeyed = obey(intent, found.number, {
    privacy: state.privacy,
    volume: state.volume,
    level: state.level.current,
    lastReply: lastReply(state.turns),
  });
  if (obeyed) return control(state, intent, turn, obeyed);
  if (layer !== 1 && layer !== 3) return quietly(state);
  const alone = offline || isGuidesAlone(intent);
  const asked = { type: 'asked', layer, intent, turn, text, alone, atMs } as const;
  return settleRequests(state, nextLayerRequests(state.requests, asked));
}

/** Layer 0: the ears belong to the street. Nothing is said over a warning; a call for help gets an answer at every level. */
function alarm(state: RouterState, intent: string, turn: number): RouterReaction {
  if (intent === 'warning') return answerInstead(state, turn, [{ type: 'alert', earcon: 'danger' }], 'alert');
  const offline = state.level.current.level === 'offline';
  const text = 'I am offline and cannot call anybody. Call out to people near you, or use your phone.';
  return { state, commands: [{ type: 'alert', earcon: 'attention', ...(offline && { text }) }] };
}

function control(state: RouterState, intent: string, turn: number, obeyed: Command[]): RouterReaction {
  if (intent !== 'stop') return answerInstead(applied(state, obeyed), turn, obeyed);
  const voided = { ...state, turns: turnTakenOver(state.turns, turn) };
  // Whatever is audible ends, also of other turns; but a question the user has begun since must not be cut.
  return isOvertaken(state.turns, turn) ? quietly(voided) : stopped(voided);
}

/** Silence, and nothing that other layers still owe will break it. */
export function stopped(state: RouterState): RouterReaction {
  return {
    state: { ...state, requests: giveUpAll(state.requests) },
    commands: [{ type: 'interrupt', source: 'voice-command' }],
  };
}

/** Two commands may come faster than the broker brings the first one's effect back. */
function applied(state: RouterState, commands: readonly Command[]): RouterState {
  let after = state;
  for (const command of commands) {
    if (command.type === 'setVolume') after = { ...after, volume: command.volume };
    if (command.type === 'setPrivacy') after = { ...after, privacy: command.privacy };
  }
  return after;
}

/** The model has heard the sentence too and is about to answer it; it is stopped, and this is done in its place. */
function answerInstead(
  state: RouterState,
  turn: number,
  commands: readonly Command[],
  source: 'voice-command' | 'alert' = 'voice-command',
): RouterReaction {
  const modelMaySpeak = isOpen(state.turns, turn) && !isOvertaken(state.turns, turn);
  return {
    state: { ...state, turns: turnTakenOver(state.turns, turn) },
    commands: modelMaySpeak ? [{ type: 'interrupt', source }, ...commands] : [...commands],
  };
}

export function settleRequests(state: RouterState, reaction: LayerReaction): RouterReaction {
  const after = { ...state, requests: reaction.state };
  if (reaction.takeOver === undefined) return { state: after, commands: reaction.commands };
  return answerInstead(after, reaction.takeOver, reaction.commands);
}
