import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
const FIRST = 100;

type Body = ConversationEvent extends infer Event
  ? Event extends { atMs: number }
    ? Omit<Event, 'atMs'>
    : never
  : never;

/** A conversation played through in a test; `at` is the time of what follows. */
function play(options: Partial<Parameters<typeof initialConversation>[0]> = {}) {
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
      new Recollection(store, nowMs).save(state, [], nowMs);
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

function networkOf({ heardAtMs, rttMs, pingedAtMs, pongedAtMs }: Network): Network {
  return { heardAtMs, rttMs, pingedAtMs, pongedAtMs };
}

/** Nothing is known, or only how far the server is. */
const far = (rttMs = 0): Body => ({
  type: 'timePassed',
  network: { heardAtMs: 0, rttMs, pingedAtMs: 0, pongedAtMs: 0 },
});

function plain(type: ServerEvent['type']): ServerEvent {
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

const connected = (options = {}) => play(options).feed({ type: 'connected' });

describe('a turn', () => {
  it('goes from listening over thinking and speaking to done', () => {
    const talk = connected().at(1_000).question(1).at(1_300);
    talk.server('userText', 'modelText', 'audio', 'audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST)).toEqual(['listening', 'thinking', 'speaking', 'done']);
    expect(talk.of('playAudio')).toHaveLength(2);
    expect(talk.of('endAudio')).toEqual([{ type: 'endAudio', turn: FIRST }]);
    expect(
      talk
        .of('transcribe')
        .filter(({ final }) => final)
        .map(({ role }) => role),
    ).toEqual(['user', 'model']);
    expect(talk.of('announce').at(-1)?.turn.timings).toMatchObject({ activityEnded: 1_000, firstAudio: 1_300 });
  });

  it('is done when the loudspeaker has finished it, not before', () => {
    const talk = connected().at(1_000).question(1).at(1_300).server('audio', 'generationCompleted', 'turnCompleted');
    talk.at(1_400).feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 });
    talk.wait(3_000);
    expect(talk.phases(FIRST)).not.toContain('done');
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('ends although the server never completes it and nobody plays it', () => {
    const talk = connected().at(1_000).question(1).server('audio', 'generationCompleted').wait();
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('takes every field of one bundled message', () => {
    const talk = connected().at(0).question(1).server('modelText', 'audio', 'generationCompleted', 'turnCompleted');
    talk.wait();
    expect(talk.of('remember').at(-1)?.turn.modelText).toBe('It is a door.');
  });

  it('keeps a late transcript of the question with its own turn', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted', 'turnCompleted').wait();
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 9_000 }).server('userText');
    expect(talk.of('transcribe').at(-1)).toMatchObject({ role: 'user', final: true, turn: { number: FIRST } });
  });

  it('keeps all pieces of a late transcript with their own turn, and what comes later with the next', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted', 'turnCompleted').wait();
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 9_000 });
    talk.server({ type: 'userText', text: 'what is ' }, { type: 'userText', text: 'ahead' });
    expect(talk.of('transcribe').at(-1)?.turn).toMatchObject({ number: FIRST, userText: 'what is ahead' });
    talk.at(20_000).server({ type: 'userText', text: 'and left' });
    expect(talk.of('transcribe').at(-1)?.turn).toMatchObject({ number: FIRST + 1, userText: 'and left' });
  });

  it('keeps the rest of a late transcript with its own turn when this process is slow and the next question has ended', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted', 'turnCompleted').wait();
    talk.at(10_000).feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 9_000 });
    talk.server({ type: 'userText', text: 'what is ' });
    talk
      .at(10_300)
      .feed({ type: 'utteranceEnded', utterance: 2, speechEndedMs: 10_300 })
      .server({ type: 'userText', text: 'ahead' });
    expect(talk.of('transcribe').at(-1)?.turn).toMatchObject({ number: FIRST, userText: 'what is ahead' });
  });

  it('books the account that comes behind turnComplete on the turn it closes, and tells of it, also when the next has begun', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted');
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 0 }).server('turnCompleted');
    talk.feed({ type: 'usageBooked', usage: { totalTokens: 7 } });
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ number: FIRST, phase: 'done', usage: { totalTokens: 7 } });
    talk.at(20_000).feed({ type: 'usageBooked', usage: { totalTokens: 9 } });
    expect(talk.state.active).toMatchObject({ number: FIRST + 1, usage: { totalTokens: 9 } });
  });

  it('joins a transcript that comes doubled', () => {
    const talk = connected().at(0).question(1);
    talk.server(
      'audio',
      { type: 'modelText', text: 'It is a red door.' },
      { type: 'modelText', text: 'It is a red door. Open.' },
    );
    expect(talk.state.active?.modelText).toBe('It is a red door. Open.');
  });
});

describe('an interruption', () => {
  const speaking = () => connected().at(1_000).question(1).at(1_300).server('audio');

  it('ends the turn at once and drops what the server still sends of it', () => {
    const talk = speaking().at(1_500).feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_300 });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.of('ask').at(-1)?.turn.utterance).toBe(2);
    talk.server('audio', 'modelText').question(2).server('audio', 'interrupted', 'turnCompleted', 'audio');
    expect(talk.of('playAudio').map(({ turn }) => turn)).toEqual([FIRST, FIRST + 1]);
    expect(talk.counts().filter((name) => name === 'staleAudioDropped')).toHaveLength(2);
    expect(talk.phases(FIRST + 1)).toEqual(['listening', 'thinking', 'speaking']);
  });

  it('withdraws a question that was discarded in the middle, and never answers it', () => {
    const talk = connected().feed(
      { type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 },
      { type: 'questionStarted', turn: FIRST },
      { type: 'questionDiscarded', utterance: 7 },
    );
    expect(talk.state.active?.number).toBe(FIRST);
    talk.feed({ type: 'questionDiscarded', utterance: 1 });
    expect(talk.of('withdraw')).toMatchObject([{ turn: FIRST }]);
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.state.active).toBeUndefined();
  });

  it('is the same when the interrupt comes before the first sample', () => {
    const talk = speaking().at(1_500).feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    talk.question(2).server('interrupted', 'turnCompleted', 'audio');
    expect(talk.phases(FIRST + 1).at(-1)).toBe('speaking');
  });

  it('does not take the end of the cut turn for an empty answer to the next', () => {
    const talk = speaking().feed({ type: 'interruptAsked', byVoice: true, utterance: 2 }).question(2);
    talk.server('turnCompleted');
    expect(talk.counts()).not.toContain('emptyTurns');
    talk.server('audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST + 1).at(-1)).toBe('done');
  });

  it('of a complete answer leaves the next answer alone, however often the server says interrupted', () => {
    const talk = speaking()
      .server('generationCompleted')
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 10 });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 2 }).question(2);
    talk.server('interrupted', 'interrupted', 'turnCompleted', 'audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.phases(FIRST + 1).at(-1)).toBe('done');
  });

  it('while the server thinks needs no acknowledgement from a server that had not begun', () => {
    const talk = connected()
      .at(1_000)
      .question(1)
      .at(1_100)
      .feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    talk.feed(
      { type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_000 },
      { type: 'questionStarted', turn: FIRST + 1 },
    );
    talk
      .at(2_400)
      .feed({ type: 'questionSent', turn: FIRST + 1 })
      .server('audio');
    expect(talk.phases(FIRST + 1).at(-1)).toBe('speaking');
  });

  it('without words tells the server to be quiet', () => {
    const talk = speaking().feed({ type: 'interruptAsked', byVoice: false });
    expect(talk.of('hush')).toHaveLength(1);
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
  });

  it('reports the exact place once the loudspeaker knows it', () => {
    const talk = speaking().server({ type: 'modelText', text: 'One two three four.' });
    talk.feed(
      { type: 'interruptAsked', byVoice: true },
      { type: 'played', turn: FIRST, state: 'over', position: 1_200 },
    );
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'interrupted', playedSamples: 1_200 });
    expect(talk.of('remember').at(-1)?.turn.playedSamples).toBe(1_200);
  });

  it('does not touch the turn of the very utterance that caused it', () => {
    const talk = connected().at(0).feed({ type: 'utteranceStarted', utterance: 5, speechStartedMs: 0 });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 5 });
    expect(talk.phases(FIRST)).toEqual(['listening']);
  });

  it('switched off: a question that has waited long behind an answer still has all its time on Live', () => {
    const talk = connected({ lowerBackends: ['http', 'offline'] })
      .at(1_000)
      .question(1);
    talk.feed({ type: 'textAsked', kind: 'ask', text: 'and now?', userText: 'and now?', withFrame: false });
    for (let atMs = 1_300; atMs < 11_000; atMs += 1_000) talk.at(atMs).server('audio', 'modelText');
    talk.at(11_000).server('generationCompleted', 'turnCompleted');
    expect(talk.of('ask').map(({ turn }) => turn.number)).toEqual([FIRST, FIRST + 1]);
    talk.feed({ type: 'questionStarted', turn: FIRST + 1 }, { type: 'questionSent', turn: FIRST + 1 });
    talk.at(12_000).server('audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.counts()).not.toContain('fallenBack');
    expect(talk.phases(FIRST + 1)).toEqual(['listening', 'thinking', 'speaking', 'done']);
  });

  it('switched off: the next question waits until the answer is complete', () => {
    const talk = speaking().feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_400 });
    expect(talk.of('ask')).toHaveLength(1);
    talk.server('generationCompleted');
    expect(talk.of('ask').at(-1)?.turn.utterance).toBe(2);
  });
});

describe('more than can wait', () => {
  const text: Body = { type: 'textAsked', kind: 'say', text: 'a door', userText: '', withFrame: false };

  it('refuses the newest text', () => {
    const talk = connected().at(1_000).question(1);
    for (let number = 0; number < 9; number += 1) talk.feed(text);
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ number: FIRST + 9, failure: { kind: 'busy' } });
    expect(talk.state.waiting).toHaveLength(8);
  });

  it('never refuses the user for the sake of texts: the last of them makes room', () => {
    const talk = connected().at(1_000).question(1);
    for (let number = 0; number < 8; number += 1) talk.feed(text);
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_000 });
    expect(talk.state.waiting[0]).toMatchObject({ utterance: 2, phase: 'listening' });
    expect(talk.state.waiting).toHaveLength(8);
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ number: FIRST + 8, failure: { kind: 'busy' } });
  });
});

describe('a server that misbehaves', () => {
  it('is asked again when it says nothing, then replaced, then explained, within eight seconds', () => {
    const talk = connected().at(1_000).question(1);
    talk.rttMs = 50;
    talk.wait(2_549);
    expect(talk.of('ask')).toHaveLength(1);
    talk.wait(2_550);
    expect(talk.of('ask')).toHaveLength(2);
    talk.feed({ type: 'questionStarted', turn: FIRST }, { type: 'questionSent', turn: FIRST }).wait(4_200);
    expect(talk.of('reconnect')).toHaveLength(1);
    talk.feed({ type: 'disconnected' }, { type: 'connected' }, { type: 'questionSent', turn: FIRST });
    expect(talk.of('ask')).toHaveLength(3);
    talk.wait(9_000);
    expect(talk.of('explain')).toHaveLength(1);
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'failed', failure: { kind: 'no-answer' } });
    expect(talk.nowMs).toBeLessThanOrEqual(9_000);
  });

  it('is replaced at once where not even a pong comes', () => {
    const talk = connected().at(1_000).question(1);
    talk.alive = false;
    talk.wait(4_000);
    expect(talk.of('ask')).toHaveLength(1);
    expect(talk.of('reconnect')).toHaveLength(1);
  });

  it.each([
    ['where it is known', 4_000, 4_000],
    ['of a second each way where nobody knows of it yet', 2_000, 0],
  ])('is given the time its distance takes, %s', (_name, rttMs, knownRttMs) => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(1_000)
      .question(1);
    Object.assign(talk, { rttMs, knownRttMs });
    talk.wait(1_000 + rttMs + 1_400);
    expect(talk.of('ask')).toHaveLength(1);
    expect(talk.of('reconnect')).toHaveLength(0);
    talk.server('audio');
    expect(talk.phases(FIRST).at(-1)).toBe('speaking');
  });

  it('is left in peace while a slow network still carries the question, and then has its own time', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(1_000)
      .question(1);
    talk.behindMs = 5_000;
    // Pings between the sound are answered.
    for (const heardAtMs of [2_500, 4_500]) {
      talk.wait(heardAtMs).feed({ type: 'timePassed', network: { ...networkOf(talk.state), heardAtMs } });
    }
    talk.wait(7_400);
    expect(talk.of('ask')).toHaveLength(1);
    expect([...talk.of('reconnect'), ...talk.of('answerWith')]).toEqual([]);
    talk.wait(8_000);
    // The promise to the user comes before everything.
    expect(talk.of('answerWith')[0]?.backend).toBe('http');
  });

  it('is asked again after an empty turn, and again on a new connection', () => {
    const talk = connected().at(1_000).question(1).server('turnCompleted');
    expect(talk.of('ask')).toHaveLength(2);
    talk.feed({ type: 'questionSent', turn: FIRST }).server('turnCompleted');
    expect(talk.of('reconnect')).toHaveLength(1);
  });

  it('may complete the turn too soon: what follows still belongs to the answer', () => {
    const talk = connected().at(1_000).question(1).server('audio', 'turnCompleted').at(1_400).server('audio');
    talk.server('generationCompleted').wait();
    expect(talk.of('playAudio')).toHaveLength(2);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('is asked for the rest of an answer that stops in the middle of a sentence, once', () => {
    const talk = connected()
      .at(1_000)
      .question(1)
      .server({ type: 'modelText', text: 'There is a' }, 'audio', 'turnCompleted');
    talk.wait(2_000);
    expect(talk.of('goOn')).toHaveLength(1);
    talk.server('audio', 'turnCompleted').wait();
    expect(talk.of('goOn')).toHaveLength(1);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('may say interrupted though nobody interrupted', () => {
    const talk = connected()
      .at(1_000)
      .question(1)
      .server('audio', 'interrupted', 'audio', 'generationCompleted', 'turnCompleted');
    talk.wait();
    expect(talk.of('playAudio')).toHaveLength(2);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    expect(talk.counts()).toContain('phantomInterrupts');
  });

  it('may stop in the middle of an answer: the turn still ends', () => {
    const talk = connected().at(1_000).question(1).server('audio').wait();
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    expect(talk.counts()).toContain('stalledAnswers');
  });

  it('may send a tone in place of speech: it is stopped, the user is told, and the connection is left', () => {
    const talk = connected().at(1_000).question(1).server({ type: 'modelText', text: 'Well' });
    for (let second = 0; second < 12; second += 1) {
      talk.at(1_300 + second * 500).feed({ type: 'serverSaid', event: plain('audio'), samples: 24_000 });
    }
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.of('explain')).toHaveLength(1);
    expect(talk.of('reconnect')).toHaveLength(1);
  });

  it('may send the transcript of a long answer late', () => {
    const talk = connected().at(1_000).question(1);
    for (let second = 0; second < 20; second += 1)
      talk.feed({ type: 'serverSaid', event: plain('audio'), samples: 24_000 });
    talk.feed({ type: 'played', turn: FIRST, state: 'playing', position: 1 });
    talk.at(2_000).server({ type: 'modelText', text: 'word '.repeat(50) }, 'generationCompleted', 'turnCompleted');
    talk.wait(9_000);
    expect(talk.phases(FIRST).at(-1)).toBe('speaking');
  });

  it('that shows its work gets more time', () => {
    const talk = connected().at(1_000).question(1);
    for (let atMs = 2_000; atMs < 12_000; atMs += 1_000) talk.wait(atMs).server('thought');
    expect(talk.of('explain')).toEqual([{ type: 'explain', text: expect.stringContaining('One moment') }]);
    expect(talk.of('ask')).toHaveLength(1);
    talk.server('audio');
    expect(talk.phases(FIRST).at(-1)).toBe('speaking');
  });
});

describe('a lost connection', () => {
  it('has the question put again from its beginning', () => {
    const talk = connected().at(1_000).feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 900 });
    talk.feed({ type: 'disconnected' }).at(1_300).feed({ type: 'connected' });
    expect(talk.of('ask').map(({ turn }) => turn.number)).toEqual([FIRST, FIRST]);
  });

  it('in the middle of an answer has the model go on where it broke off', () => {
    const talk = connected().at(1_000).question(1).server({ type: 'modelText', text: 'On your left' }, 'audio');
    talk.feed({ type: 'disconnected' }, { type: 'connected' });
    expect(talk.of('ask').at(-1)?.remark).toContain('On your left');
  });

  it('ends the wait for tools that were called on it: silence on the next one is silence again', () => {
    const talk = connected().at(1_000).question(1).server('toolsCalled');
    talk.at(2_000).feed({ type: 'disconnected' }).at(2_300).feed({ type: 'connected' });
    talk.feed({ type: 'questionStarted', turn: FIRST }, { type: 'questionSent', turn: FIRST }).wait(4_500);
    expect(talk.counts()).toContain('silencesAfterQuestion');
  });

  it('that does not come back is explained within eight seconds', () => {
    const talk = play().at(1_000).feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 }).wait();
    expect(talk.nowMs).toBeLessThanOrEqual(9_000);
    expect(talk.of('explain')[0]?.text).toContain('no connection');
    expect(talk.phases(FIRST).at(-1)).toBe('failed');
  });

  it('is handed to the next backend down where there is one', () => {
    const talk = play({ lowerBackends: ['http', 'offline'] }).at(1_000);
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 }).wait(3_500);
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }]);
    const failure = { kind: 'network', message: 'no network', retryable: true };
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'failed', failure } });
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }, { backend: 'offline' }]);
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'audio', samples: 10 } });
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'finished' } }).wait();
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'done', backend: 'offline' });
  });

  it('for good is explained as soon as the question is whole', () => {
    const talk = play()
      .at(1_000)
      .feed({ type: 'liveFailed', failure: { kind: 'auth', message: 'm', retryable: false } });
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    expect(talk.of('explain')).toEqual([]);
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 });
    expect(talk.of('explain')[0]?.text).toContain('key');
  });
});

describe('a turn of a predecessor', () => {
  const answered = () =>
    connected().at(1_000).question(1).server('userText', 'modelText', 'audio', 'generationCompleted');

  it('whose answer is being played is done when the loudspeaker has finished it, and remembered as said', () => {
    const talk = answered()
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 })
      .restart()
      .wait(3_000);
    expect(talk.phases(FIRST)).not.toContain('done');
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    expect(talk.of('remember').map(({ turn }) => turn)).toEqual([
      expect.objectContaining({
        number: FIRST,
        userText: 'what is this?',
        modelText: 'It is a door.',
        playedSamples: 2_400,
      }),
    ]);
  });

  it('is interrupted in its answer like any other', () => {
    const talk = answered().restart().feed({ type: 'interruptAsked', byVoice: true });
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
  });

  it('is done within the usual time where the loudspeaker has nothing more to say of it', () => {
    const talk = answered()
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 })
      .restart()
      .wait(20_000);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('that was cut tells the exact place when the loudspeaker does', () => {
    const talk = answered().feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 });
    talk.feed({ type: 'interruptAsked', byVoice: false }).restart();
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 1_200 });
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'interrupted', playedSamples: 1_200 });
  });

  it('broken off in its answer has failed, and what was heard of it is remembered', () => {
    const talk = connected().at(1_000).question(1).server('userText', 'modelText', 'audio').restart();
    expect(talk.of('announce').find(({ turn }) => turn.phase === 'failed')?.turn).toMatchObject({
      number: FIRST,
      failure: { kind: 'restarted' },
      timings: { speechStarted: 1_000 },
    });
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.of('remember').at(-1)?.turn).toMatchObject({ number: FIRST, playedSamples: 2_400 });
  });

  it('goes on under its number when its samples come again', () => {
    const talk = connected().at(0).feed({ type: 'turnInherited', turn: 42, utterance: 7 }).question(7).server('audio');
    expect(talk.phases(42)).toEqual(['listening', 'thinking', 'speaking']);
  });

  it('is ended, and the user told, when nobody has its samples any more', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(0)
      .feed({ type: 'turnInherited', turn: 42, utterance: 7 });
    talk.feed({ type: 'utteranceEnded', utterance: 7, speechEndedMs: 0 });
    expect(talk.phases(42)).toEqual(['failed']);
    expect(talk.of('explain')).toHaveLength(1);
    talk.question(8);
    expect(talk.phases(FIRST)[0]).toBe('listening');
  });
});

describe('the level of service', () => {
  it('sends a question to the backend of its level once it is whole', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(0)
      .feed({ type: 'levelChanged', level: 'http' });
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    expect(talk.of('answerWith')).toEqual([]);
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 0 });
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }]);
    expect(talk.of('ask')).toEqual([]);
  });

  it('takes a turn through the same phases on every level, and asks for patience where the last one is slow', () => {
    const talk = connected({ lowerBackends: ['http', 'offline'], level: 'http' }).at(1_000);
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 }).wait(7_900);
    expect(talk.of('answerWith').map(({ backend }) => backend)).toEqual(['http', 'offline']);
    expect(talk.of('explain')).toEqual([]);
    talk.wait(8_000);
    expect(talk.of('explain')).toEqual([{ type: 'explain', text: expect.stringContaining('One moment') }]);
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'audio', samples: 10 } });
    expect([...new Set(talk.phases(FIRST))]).toEqual(['listening', 'thinking', 'speaking']);
  });

  it('answers texts too', () => {
    const talk = connected({ lowerBackends: ['http'], level: 'http' }).at(0);
    talk.feed({ type: 'textAsked', kind: 'say', text: 'Turn left.', userText: '', withFrame: false });
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }]);
  });

  it('lets a question under way be answered where it was asked', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(0)
      .question(1)
      .feed({ type: 'levelChanged', level: 'http' });
    expect(talk.of('answerWith')).toEqual([]);
  });
});

describe('Gemini deciding the turns itself', () => {
  it('begins a turn with the first sign of one and cuts it when it says interrupted', () => {
    const talk = connected({ serverVad: true }).at(0).server('userText', 'audio', 'interrupted');
    expect(talk.phases(FIRST)).toEqual(['listening', 'speaking', 'interrupted']);
    expect(talk.of('ask')).toEqual([]);
    talk.server('turnCompleted', 'userText', 'audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST + 1)).toEqual(['listening', 'speaking', 'done']);
  });
});

const anything = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.nat(5).map((utterance): Body => ({ type: 'utteranceStarted', utterance, speechStartedMs: 0 })),
  },
  {
    weight: 4,
    arbitrary: fc.nat(5).map((utterance): Body => ({ type: 'utteranceEnded', utterance, speechEndedMs: 0 })),
  },
  { weight: 3, arbitrary: fc.nat(8).map((turn): Body => ({ type: 'questionStarted', turn: FIRST + turn })) },
  { weight: 3, arbitrary: fc.nat(8).map((turn): Body => ({ type: 'questionSent', turn: FIRST + turn })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ byVoice: fc.boolean(), utterance: fc.nat(5) })
      .map((body): Body => ({ type: 'interruptAsked', ...body })),
  },
  { weight: 2, arbitrary: fc.constantFrom<Body>({ type: 'connected' }, { type: 'disconnected' }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('ask', 'say')
      .map((kind): Body => ({ type: 'textAsked', kind, text: 't', userText: '', withFrame: false })),
  },
  { weight: 1, arbitrary: fc.constantFrom('live', 'http').map((level): Body => ({ type: 'levelChanged', level })) },
  {
    weight: 1,
    arbitrary: fc.constant<Body>({ type: 'liveFailed', failure: { kind: 'auth', message: 'm', retryable: false } }),
  },
  {
    weight: 12,
    arbitrary: fc
      .constantFrom<ServerEvent['type']>(
        'audio',
        'thought',
        'userText',
        'modelText',
        'generationCompleted',
        'interrupted',
        'turnCompleted',
        'waitingForInput',
        'toolsCalled',
        'setupCompleted',
      )
      .map((type): Body => ({ type: 'serverSaid', event: plain(type), samples: type === 'audio' ? 100 : 0 })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ turn: fc.nat(8), position: fc.nat(300), state: fc.constantFrom('playing' as const, 'over' as const) })
      .map(({ turn, ...body }): Body => ({ type: 'played', turn: FIRST + turn, ...body })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ turn: fc.nat(8), type: fc.constantFrom('finished' as const, 'audio' as const) }).map(
      ({ turn, type }): Body => ({
        type: 'backendReported',
        turn: FIRST + turn,
        report: type === 'audio' ? { type, samples: 10 } : { type },
      }),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Body>(far()) },
);

describe('any course of events', () => {
  const OVER = ['done', 'interrupted', 'failed'];
  const script = fc.array(fc.record({ event: anything, stepMs: fc.integer({ min: 0, max: 3_000 }) }), {
    maxLength: 120,
  });

  it.each([false, true])(
    'ends every turn, once, with its sound closed and none after, over restarts (server decides: %s)',
    (serverVad) => {
      fc.assert(
        fc.property(
          script,
          fc.uniqueArray(fc.nat(119), { maxLength: 3 }),
          fc.nat(40_000),
          (steps, restarts, awayMs) => {
            const talk = play({ lowerBackends: ['http'], serverVad });
            for (const [index, { event, stepMs }] of steps.entries()) {
              if (restarts.includes(index)) talk.restart(awayMs);
              talk.at(talk.nowMs + stepMs).feed(event);
            }
            // Whatever is still open has to end by the watchdogs alone; a backend always reports its end.
            talk.wait();
            const asked = talk.of('answerWith').map(({ turn }) => turn.number);
            for (const turn of asked) talk.feed({ type: 'backendReported', turn, report: { type: 'finished' } });
            for (const utterance of [0, 1, 2, 3, 4, 5]) {
              talk.feed({ type: 'utteranceEnded', utterance, speechEndedMs: 0 }).wait();
              for (const { turn } of talk.of('answerWith')) {
                talk.feed({ type: 'backendReported', turn: turn.number, report: { type: 'finished' } }).wait();
              }
            }
            const phaseOf = new Map<number, string>();
            const open = new Set<number>();
            for (const effect of talk.all) {
              if (effect.type === 'announce') {
                const before = phaseOf.get(effect.turn.number);
                if (before && OVER.includes(before)) expect(effect.turn.phase).toBe(before);
                phaseOf.set(effect.turn.number, effect.turn.phase);
              }
              if (effect.type === 'playAudio') {
                expect(OVER).not.toContain(phaseOf.get(effect.turn));
                open.add(effect.turn);
              }
              if (effect.type === 'endAudio') open.delete(effect.turn);
            }
            for (const [turn, phase] of phaseOf) {
              expect(OVER, `turn ${turn}: ${talk.phases(turn)}`).toContain(phase);
              expect(open.has(turn)).toBe(false);
            }
            expect(talk.state.active).toBeUndefined();
          },
        ),
        { numRuns: 400 },
      );
    },
  );
});

/** The policy's own promise: from the end of a question to an answer, or a spoken reason. */
const PROMISE_MS = 8_000;

/** What can go wrong after the end of a question, as the conversation sees it. */
const TROUBLE: [string, (talk: ReturnType<typeof play>) => void][] = [
  ['silence, with pongs', () => undefined],
  ['packets swallowed', (talk) => void Object.assign(talk, { alive: false })],
  ['a distance of four seconds', (talk) => void Object.assign(talk, { rttMs: 4_000, knownRttMs: 4_000 })],
  ['sound that takes four seconds', (talk) => void Object.assign(talk, { behindMs: 4_000 })],
  ['sound that never arrives', (talk) => void Object.assign(talk, { behindMs: 60_000 })],
  ['empty turns', (talk) => void talk.server('turnCompleted', 'turnCompleted', 'turnCompleted')],
  ['an interrupted of nobody, then silence', (talk) => void talk.server('interrupted')],
  ['thoughts and no end of them', (talk) => void talk.server('thought')],
  ['a tool call nobody answers', (talk) => void talk.server('toolsCalled')],
  ['a connection that does not come back', (talk) => void talk.feed({ type: 'disconnected' })],
  ['a connection that is silent again', (talk) => void talk.feed({ type: 'disconnected' }, { type: 'connected' })],
  [
    'an end for good',
    (talk) =>
      void talk.feed({ type: 'liveFailed', failure: { kind: 'auth', message: 'm', retryable: false } } as const),
  ],
];

describe('the user gets an answer or a spoken reason within eight seconds of the clock that the conversation is told', () => {
  const backends: ('http' | 'offline')[][] = [[], ['offline'], ['http', 'offline']];
  const rows = TROUBLE.flatMap(([name, trouble]) => backends.map((lower) => [name, lower, trouble] as const));

  it.each(rows)('%s, with %j below', (_name, lowerBackends, trouble) => {
    const talk = connected({ lowerBackends }).at(1_000).question(1);
    trouble(talk);
    talk.wait(1_000 + PROMISE_MS);
    expect(talk.of('explain').length).toBeGreaterThan(0);
  });

  it('whatever the server, the network and the backends do but answer', () => {
    const useless = fc.oneof(
      fc.constantFrom<Body>(
        { type: 'connected' },
        { type: 'disconnected' },
        { type: 'questionSent', turn: FIRST },
        { type: 'toolsAnswered' },
        far(5_000),
      ),
      fc
        .constantFrom<ServerEvent['type']>('thought', 'interrupted', 'turnCompleted', 'toolsCalled', 'userText')
        .map((type): Body => ({ type: 'serverSaid', event: plain(type), samples: 0 })),
    );
    const steps = fc.array(fc.record({ event: useless, stepMs: fc.integer({ min: 0, max: 2_000 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(steps, fc.constantFrom(...backends), fc.boolean(), (script, lowerBackends, alive) => {
        const talk = connected({ lowerBackends }).at(1_000);
        talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
        talk.feed({ type: 'questionStarted', turn: FIRST });
        talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 });
        talk.alive = alive;
        for (const { event, stepMs } of script) {
          const atMs = talk.nowMs + stepMs;
          if (atMs >= 1_000 + PROMISE_MS) break;
          talk.wait(atMs).feed(event);
        }
        talk.wait(1_000 + PROMISE_MS);
        expect(talk.of('explain').length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
