import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../simulator/scenario/scenario.ts';
import { thinkerBench } from './harness/thinker-bench.ts';

type Turns = NonNullable<Scenario['turns']>;
type Connections = NonNullable<Scenario['connections']>;

/** Cut anywhere, it is not the end of a sentence. */
const ENDLESS = 'this is one long sentence that has no end in sight until its very last word has been said.';

/** What the user gets, and the counter that shows which watchdog saw to it. */
const FAULTS: [string, { turns?: Turns; connections?: Connections }, 'answer' | 'reason', string][] = [
  [
    'no setupComplete, once',
    {
      connections: [
        { connection: 2, faults: [{ fault: 'no-setup-complete' }] },
        { connection: 1, faults: [{ fault: 'close-after', afterMs: 0, cause: 'internal' }] },
      ],
    },
    'answer',
    'fallenBack',
  ],
  [
    'silence after the question',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'silent' }] }] },
    'answer',
    'silencesAfterQuestion',
  ],
  [
    'silence on the whole connection',
    { turns: [{ connection: 1, faults: [{ fault: 'silent' }] }] },
    'answer',
    'reconnectsForAnswer',
  ],
  ['silence for ever', { turns: [{ faults: [{ fault: 'silent' }] }] }, 'answer', 'fallenBack'],
  [
    'an input that goes nowhere',
    { connections: [{ connection: 1, faults: [{ fault: 'deaf', when: 'always' }] }] },
    'answer',
    'reconnectsForAnswer',
  ],
  [
    'packets swallowed',
    { turns: [{ connection: 1, faults: [{ fault: 'stall', at: 'question-end' }] }] },
    'answer',
    'reconnectsForAnswer',
  ],
  [
    'packets swallowed while the user speaks',
    { turns: [{ connection: 1, faults: [{ fault: 'stall', at: 'question-start' }] }] },
    'answer',
    'reconnectsForAnswer',
  ],
  [
    'an empty turn',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'empty-turn-complete' }] }] },
    'answer',
    'emptyTurns',
  ],
  ['empty turns all along', { turns: [{ faults: [{ fault: 'empty-turn-complete' }] }] }, 'answer', 'emptyTurns'],
  [
    'a turn completed too soon, the rest late',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'premature-turn-complete', share: 0.5, rest: 'late' }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'a turn completed too soon, the rest lost',
    {
      turns: [
        {
          overallTurn: 1,
          faults: [{ fault: 'premature-turn-complete', share: 0.5, rest: 'lost' }],
          reply: { kind: 'text', text: ENDLESS },
        },
      ],
    },
    'answer',
    'answersContinued',
  ],
  [
    'interrupted by nobody, and it goes on',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'phantom-interrupted', at: 'mid-audio', ends: false }] }] },
    'answer',
    'phantomInterrupts',
  ],
  [
    'interrupted by nobody, and it ends',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'phantom-interrupted', at: 'mid-audio', ends: true }] }] },
    'answer',
    'phantomInterrupts',
  ],
  [
    'no generationComplete',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'no-generation-complete' }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'no turnComplete',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'no-turn-complete' }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'a doubled transcript',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'doubled-transcript' }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    "the user's transcript after the answer",
    { turns: [{ overallTurn: 1, faults: [{ fault: 'user-transcript-after-reply' }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'stray empty contents',
    { connections: [{ faults: [{ fault: 'stray-empty-content', everyMs: 20 }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'stray interrupted',
    { connections: [{ faults: [{ fault: 'stray-interrupted', afterMs: 50 }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'a close in the middle of the answer',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'close', at: 'mid-audio', cause: 'internal' }] }] },
    'answer',
    'connectionsLost',
  ],
  [
    'a drop at the first sound',
    { turns: [{ overallTurn: 1, faults: [{ fault: 'drop', at: 'first-audio' }] }] },
    'answer',
    'connectionsLost',
  ],
  [
    'everything in one message',
    { connections: [{ faults: [{ fault: 'bundling', bundled: true }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'one message for each thing',
    { connections: [{ faults: [{ fault: 'bundling', bundled: false }] }] },
    'answer',
    'sessionsStarted',
  ],
  [
    'an activity missed because it came too soon',
    { connections: [{ faults: [{ fault: 'miss-hasty-activity' }] }] },
    'answer',
    'sessionsStarted',
  ],
];

/**
 * A busy machine must not turn one remedy into the next: only the rows about falling back keep the product's patience with
 * Gemini. That its clock keeps the promise of eight seconds is tested in the core, where time is made.
 */
const PATIENT = { answerWithinMs: 40_000 };
const UNHURRIED = { ...PATIENT, fallBackAfterMs: 30_000, connectWithinMs: 30_000 };

describe.concurrent('whatever goes wrong, the user gets an answer or a spoken reason', () => {
  it.each(FAULTS)('%s', { timeout: 90_000 }, async (name, { turns = [], connections = [] }, outcome, counter) => {
    const hurried = counter === 'fallenBack' || name === 'empty turns all along';
    const bench = await thinkerBench({
      scenario: { turns, connections },
      policies: { conversation: hurried ? PATIENT : UNHURRIED },
    });
    try {
      await bench.until(bench.sessions, ({ state }) => state === 'connected');
      const utterance = await bench.speak(1);
      const over = (state: string) => ['done', 'failed', 'interrupted'].includes(state);
      const seen = () =>
        bench.turns.find((turn) => turn.utterance === utterance && turn.state === 'speaking') ?? bench.alerts[0];
      await bench.until([0], () => seen() !== undefined, 30_000);
      const end = await bench.until(bench.turns, (turn) => turn.utterance === utterance && over(turn.state), 20_000);
      expect(end.state).toBe(outcome === 'answer' ? 'done' : 'failed');
      expect(bench.alerts.length).toBe(outcome === 'answer' ? 0 : 1);
      expect(bench.meters.snapshot(0).counters[counter]).toBeGreaterThan(0);
      const frames = bench.frames.filter(({ stream }) => stream === end.turn);
      expect(frames.filter(({ last }) => last)).toHaveLength(outcome === 'answer' ? 1 : 0);
      // Whatever happened, the conversation goes on.
      if (outcome === 'answer') {
        const next = await bench.speak(0.5);
        await bench.until(bench.turns, (turn) => turn.utterance === next && turn.state === 'done', 20_000);
      }
    } finally {
      await bench.stop();
    }
  });
});
