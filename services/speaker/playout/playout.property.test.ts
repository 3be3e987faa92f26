import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPlayout } from './playout.ts';
import { initialPlayout, type PlayoutEffect, type PlayoutEvent, type PlayoutState } from './playout-state.ts';

type Action =
  | { kind: 'deliver'; turn: number; samples: number }
  | { kind: 'hole'; turn: number; samples: number }
  | { kind: 'end'; turn: number }
  | { kind: 'event'; event: PlayoutEvent };

const turn = fc.integer({ min: 1, max: 5 });
const by = fc.constantFrom('speech' as const, 'alert' as const);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), turn, samples: fc.integer({ min: 1, max: 3_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('hole' as const), turn, samples: fc.integer({ min: 1, max: 500 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), turn }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      event: fc.oneof(
        {
          weight: 6,
          arbitrary: fc.integer({ min: 1, max: 2_000 }).map((samples) => ({ type: 'pulled' as const, samples })),
        },
        { weight: 1, arbitrary: turn.map((number) => ({ type: 'announced' as const, turn: number })) },
        { weight: 2, arbitrary: by.map((reason) => ({ type: 'held' as const, by: reason })) },
        { weight: 3, arbitrary: by.map((reason) => ({ type: 'released' as const, by: reason })) },
        { weight: 1, arbitrary: fc.constant({ type: 'interrupted' as const }) },
        { weight: 1, arbitrary: turn.map((number) => ({ type: 'dropped' as const, turn: number })) },
        {
          weight: 1,
          arbitrary: fc.integer({ min: 0, max: 700 }).map((samples) => ({ type: 'latencyChanged' as const, samples })),
        },
        { weight: 1, arbitrary: fc.constantFrom(0, 0.2, 1).map((level) => ({ type: 'levelChanged' as const, level })) },
      ),
    }),
  },
);

interface Turn {
  delivered: number;
  holes: [number, number][];
  ended: boolean;
}

/** Runs the actions, then lets everything that may still sound play out. */
function run(actions: Action[]) {
  let state: PlayoutState = initialPlayout;
  const blocks: { effects: PlayoutEffect[]; samples: number }[] = [];
  const turns = new Map<number, Turn>();
  const of = (number: number): Turn => {
    const known = turns.get(number) ?? { delivered: 0, holes: [], ended: false };
    turns.set(number, known);
    return known;
  };
  const feed = (event: PlayoutEvent): void => {
    const step = nextPlayout(state, event);
    state = step.state;
    blocks.push({ effects: step.effects, samples: event.type === 'pulled' ? event.samples : 0 });
  };
  const perform = (one: Action): void => {
    if (one.kind === 'event') {
      feed(one.event);
      return;
    }
    const known = of(one.turn);
    if (known.ended) return;
    if (one.kind === 'end') {
      known.ended = true;
      feed({ type: 'ended', turn: one.turn });
    } else if (one.kind === 'hole') {
      known.holes.push([known.delivered, known.delivered + one.samples]);
      known.delivered += one.samples;
    } else {
      feed({ type: 'received', turn: one.turn, from: known.delivered, to: known.delivered + one.samples });
      known.delivered += one.samples;
    }
  };
  actions.forEach(perform);
  for (const reason of ['speech', 'alert'] as const) feed({ type: 'released', by: reason });
  for (const number of turns.keys()) perform({ kind: 'end', turn: number });
  for (let silence = 0; silence < 120; silence += 1) feed({ type: 'pulled', samples: 1_000 });
  return { state, turns, blocks };
}

/** Positions of the turn in the order in which they sounded, as stretches. */
function stretches(blocks: { effects: PlayoutEffect[] }[], number: number): [number, number][] {
  return blocks
    .flatMap(({ effects }) => effects)
    .flatMap((effect): [number, number][] =>
      effect.type === 'sounded' && effect.turn === number ? [[effect.from, effect.from + effect.count]] : [],
    );
}

const actions = fc.array(action, { maxLength: 60 });

describe('playout, whatever happens in whatever order', () => {
  it('plays every turn in order, no sample twice, and skips only what was never delivered', () => {
    fc.assert(
      fc.property(actions, (script) => {
        const { turns, blocks } = run(script);
        for (const [number, { holes }] of turns) {
          let next = 0;
          for (const [from, to] of stretches(blocks, number)) {
            for (const [start, end] of holes) if (next === start) next = end;
            expect(from).toBe(next);
            next = to;
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('finishes every turn it did not drop, with its every sample played', () => {
    fc.assert(
      fc.property(actions, (script) => {
        const { state, turns, blocks } = run(script);
        const effects = blocks.flatMap((block) => block.effects);
        expect(state.turns).toEqual([]);
        expect(state.leaving).toEqual([]);
        for (const [number, { holes, delivered }] of turns) {
          const end = effects.find(
            (effect) =>
              effect.type === 'told' && effect.turn === number && ['finished', 'interrupted'].includes(effect.state),
          );
          if (end?.type !== 'told' || end.state !== 'finished') continue;
          const heard = stretches(blocks, number).reduce((sum, [from, to]) => sum + to - from, 0);
          const missing = holes.reduce((sum, [from, to]) => sum + (to <= end.position ? to - from : 0), 0);
          expect(heard).toBe(end.position - missing);
          expect(end.position).toBeLessThanOrEqual(delivered);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never mixes two turns, never overfills a block, never plays a dropped turn again', () => {
    fc.assert(
      fc.property(actions, (script) => {
        const gone = new Set<number>();
        for (const { effects, samples } of run(script).blocks) {
          let filled = 0;
          for (const effect of effects) {
            if (effect.type === 'told' && effect.state === 'interrupted') gone.add(effect.turn);
            if (effect.type !== 'sounded') continue;
            expect(gone.has(effect.turn)).toBe(false);
            expect(effect.offset).toBeGreaterThanOrEqual(filled);
            expect(effect.count).toBeGreaterThan(0);
            filled = effect.offset + effect.count;
            expect(filled).toBeLessThanOrEqual(samples);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never jumps in loudness while a turn goes on', () => {
    fc.assert(
      fc.property(actions, (script) => {
        let before: { turn: number; to: number; gain: number } | undefined;
        for (const effect of run(script).blocks.flatMap((block) => block.effects)) {
          if (effect.type !== 'sounded') continue;
          const { fade, level, count } = effect;
          const begins = fade.from * level.from;
          if (before?.turn === effect.turn && before.to === effect.from) expect(begins).toBeCloseTo(before.gain, 6);
          const gain = (fade.from + fade.step * count) * (level.from + level.step * count);
          expect(Math.abs(fade.step)).toBeLessThanOrEqual(1);
          before = { turn: effect.turn, to: effect.from + count, gain };
        }
      }),
      { numRuns: 200 },
    );
  });

  it('tells a life in order: started, then pauses and resumptions by turns, then one end', () => {
    fc.assert(
      fc.property(actions, (script) => {
        const lives = new Map<number, string>();
        for (const effect of run(script).blocks.flatMap((block) => block.effects)) {
          if (effect.type !== 'told' || effect.state === 'progress') continue;
          lives.set(effect.turn, `${lives.get(effect.turn) ?? ''}${effect.state[0] === 'r' ? 'r' : effect.state[0]}`);
        }
        for (const life of lives.values()) expect(life).toMatch(/^(s(pr)*p?)?[fi]$/);
      }),
      { numRuns: 200 },
    );
  });
});
