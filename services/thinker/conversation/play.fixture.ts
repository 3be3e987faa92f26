import type { ServerEvent } from '../live/server-message.ts';
import { nextConversation } from './conversation.ts';
import {
  CONVERSATION_POLICY,
  type ConversationEffect,
  type ConversationEvent,
  type ConversationState,
  initialConversation,
  type Network,
} from './conversation-state.ts';
import type { Memory } from './memory-store.ts';
import { Recollection } from './recollection.ts';
import { takeUp } from './take-up.ts';
import { conversationWakeMs } from './watchdogs.ts';

const policy = CONVERSATION_POLICY;
/** The number of a conversation's first turn. */
export const FIRST = 100;

/** An event without its time. */
export type Body = ConversationEvent extends infer Event
  ? Event extends { atMs: number }
    ? Omit<Event, 'atMs'>
    : never
  : never;

/** A conversation played through in a test; `at` is the time of what follows. */
export function play(options: Partial<Parameters<typeof initialConversation>[0]> = {}) {
  const begin = (firstTurn: number) =>
    initialConversation({ firstTurn, level: 'live', lowerBackends: [], serverVad: false, ...options });
  let state: ConversationState = begin(FIRST);
  const all: ConversationEffect[] = [];
  let nowMs = 0;
  const script = {
    /** Whether pongs come. */
    alive: true,
    /** The distance, and what is known of it before a pong tells. */
    rttMs: 0,
    knownRttMs: 0,
    /** How long the sound of the question needs on its way. */
    behindMs: 0,
    at(ms: number) {
      nowMs = ms;
      return script;
    },
    feed(...events: Body[]) {
      for (const event of events) {
        const step = nextConversation(state, { ...event, atMs: nowMs } as ConversationEvent, policy);
        state = step.state;
        all.push(...step.effects);
      }
      return script;
    },
    /** The user's question, put and sent, at the present time. */
    question(utterance: number) {
      script.feed({ type: 'utteranceStarted', utterance, speechStartedMs: nowMs });
      const turn = [state.active, ...state.waiting].find((candidate) => candidate?.utterance === utterance);
      const number = turn?.number ?? 0;
      return script.feed(
        { type: 'questionStarted', turn: number },
        { type: 'utteranceEnded', utterance, speechEndedMs: nowMs },
        { type: 'questionSent', turn: number },
      );
    },
    server(...events: (ServerEvent['type'] | ServerEvent)[]) {
      for (const event of events) {
        const full = typeof event === 'string' ? plain(event) : event;
        const samples = full.type === 'audio' ? 2_400 : 0;
        script.feed({ type: 'serverSaid', event: full, samples });
      }
      return script;
    },
    /** Lets time pass until nothing is due any more, or until `ms`. */
    wait(ms = Number.POSITIVE_INFINITY) {
      for (let guard = 0; guard < 100; guard += 1) {
        const { sentAtMs, pingedAtMs, active } = state;
        const asked = script.alive && active?.phase === 'thinking' && active.backend === 'live' && state.connected;
        const pongMs = asked && pingedAtMs < sentAtMs ? sentAtMs + script.behindMs + script.rttMs : ms + 1;
        const wakeMs = Math.min(conversationWakeMs(state, policy) ?? ms + 1, pongMs);
        if (wakeMs > ms || wakeMs === Number.POSITIVE_INFINITY) break;
        nowMs = Math.max(nowMs, wakeMs);
        const ponged = nowMs >= pongMs ? { pingedAtMs: sentAtMs, pongedAtMs: pongMs, heardAtMs: pongMs } : {};
        script.feed({ type: 'timePassed', network: { ...networkOf(state), rttMs: script.knownRttMs, ...ponged } });
      }
      if (Number.isFinite(ms)) nowMs = ms;
      return script;
    },
    /** The process ends and another one takes up what it has stored. */
    restart(awayMs = 500) {
      const saved: Memory[] = [];
      const store = { load: () => saved.at(-1) ?? { ledger: [] }, save: (memory: Memory) => void saved.push(memory) };
      const texts = [...(state.active ? [state.active] : []), ...state.waiting].flatMap(({ number, kind }) =>
        kind === 'speech' ? [] : { turn: number, kind, text: 't', withFrame: false },
      );
      new Recollection(store, nowMs).save(state, texts, nowMs);
      const { left, lastTurn } = new Recollection(store, nowMs);
      state = begin(Math.max(FIRST, lastTurn + 1, state.upcomingTurn));
      nowMs += awayMs;
      return script.feed(...takeUp(left, awayMs).news);
    },
    get state() {
      return state;
    },
    get nowMs() {
      return nowMs;
    },
    phases: (turn: number) =>
      all.flatMap((effect) => (effect.type === 'announce' && effect.turn.number === turn ? [effect.turn.phase] : [])),
    of: <Type extends ConversationEffect['type']>(type: Type) =>
      all.filter((effect): effect is Extract<ConversationEffect, { type: Type }> => effect.type === type),
    counts: () => all.flatMap((effect) => (effect.type === 'count' ? [effect.name] : [])),
    all,
  };
  return script;
}

export function networkOf({ heardAtMs, rttMs, pingedAtMs, pongedAtMs }: Network): Network {
  return { heardAtMs, rttMs, pingedAtMs, pongedAtMs };
}

/** Nothing is known, or only how far the server is. */
export const far = (rttMs = 0): Body => ({
  type: 'timePassed',
  network: { heardAtMs: 0, rttMs, pingedAtMs: 0, pongedAtMs: 0 },
});

/** What the server says, with the usual content. */
export function plain(type: ServerEvent['type']): ServerEvent {
  switch (type) {
    case 'audio':
      return { type, bytes: Buffer.alloc(0), sampleRateHz: 24_000 };
    case 'turnCompleted':
      return { type, moreFollows: false };
    case 'userText':
    case 'modelText':
      return { type, text: type === 'userText' ? 'what is this?' : 'It is a door.' };
    case 'toolsCalled':
      return { type, calls: [] };
    default:
      return { type } as ServerEvent;
  }
}

export const connected = (options = {}) => play(options).feed({ type: 'connected' });
