import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../live/server-message.ts';
import { type Body, FIRST, far, plain, play } from './play.fixture.ts';

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
            // Every text had its turn, also one that waited while the process was exchanged.
            const texts = steps.filter(({ event }) => event.type === 'textAsked').length;
            const answered = new Set(
              talk.of('announce').flatMap(({ turn }) => (turn.kind === 'speech' ? [] : turn.number)),
            );
            if (awayMs < 30_000) expect(answered.size).toBeGreaterThanOrEqual(texts);
          },
        ),
        { numRuns: 400 },
      );
    },
  );
});
