import { describe, expect, it } from 'vitest';
import { newTurn, nextTurn, type TurnEvent, type TurnPhase } from './turn.ts';

const FAILURE = { kind: 'network', message: 'm', retryable: true };

/** Every event, and the phase it leads to from listening, thinking, speaking, done, interrupted and failed. */
const PHASES: TurnPhase[] = ['listening', 'thinking', 'speaking', 'done', 'interrupted', 'failed'];
const SAME: TurnPhase[] = PHASES;
const OVER: TurnPhase[] = ['done', 'interrupted', 'failed'];
type Event = TurnEvent extends infer One ? (One extends { atMs: number } ? Omit<One, 'atMs'> : never) : never;
const TABLE: [Event, TurnPhase[]][] = [
  [{ type: 'questionEnded' }, SAME],
  [{ type: 'questionSent' }, ['thinking', 'thinking', 'speaking', ...OVER]],
  [{ type: 'audioArrived', samples: 10 }, ['speaking', 'speaking', 'speaking', ...OVER]],
  [{ type: 'userTextArrived', text: 'a' }, SAME],
  [{ type: 'modelTextArrived', text: 'a' }, SAME],
  [{ type: 'textReplaced', role: 'user', text: 'a' }, SAME],
  [{ type: 'generated' }, SAME],
  [{ type: 'completed' }, SAME],
  [{ type: 'played', state: 'over', position: 10 }, SAME],
  [{ type: 'usageBooked', usage: { totalTokens: 1 } }, SAME],
  [{ type: 'backendChanged', backend: 'http' }, SAME],
  [{ type: 'ended' }, ['done', 'done', 'done', ...OVER]],
  [{ type: 'cut' }, ['interrupted', 'interrupted', 'interrupted', ...OVER]],
  [{ type: 'failed', failure: FAILURE }, ['failed', 'failed', 'failed', ...OVER]],
];

describe('the phases of a turn', () => {
  const rows = TABLE.flatMap(([event, after]) =>
    PHASES.map((before, index) => [before, event.type, after[index], event] as const),
  );

  it.each(rows)('%s, %s: %s', (before, _type, after, event) => {
    const turn = { ...newTurn(1, 'speech', 'live', 1), phase: before };
    expect(nextTurn(turn, { ...event, atMs: 5 } as TurnEvent).phase).toBe(after);
  });

  it.each(OVER)('takes no sound, no other backend and no generated answer once it is %s', (phase) => {
    const turn = { ...newTurn(1, 'speech', 'live', 1), phase };
    for (const event of [
      { type: 'audioArrived', samples: 10, atMs: 5 },
      { type: 'backendChanged', backend: 'http', atMs: 5 },
      { type: 'generated', atMs: 5 },
    ] as const) {
      expect(nextTurn(turn, event)).toEqual(turn);
    }
  });
});
