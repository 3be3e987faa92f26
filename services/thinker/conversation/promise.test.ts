import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../live/server-message.ts';
import { type Body, connected, FIRST, far, plain, type play } from './play.fixture.ts';

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
