import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PcmFrame } from './frame.ts';
import {
  type AssemblerEffect,
  type AssemblerEvent,
  type AssemblerPolicy,
  type AssemblerState,
  emptyAssembler,
  nextAssembler,
} from './pcm-assembler.ts';

const policy: AssemblerPolicy = { askEveryMs: 100, giveUpMs: 1000, stallAskMs: 300, abandonMs: 5000 };

/** A frame whose samples are their own positions, so that order and repetition can be read off the output. */
function frame(stream: number, position: number, length: number, last = false): PcmFrame {
  return {
    sampleRateHz: 16000,
    stream,
    position,
    timeUs: position * 62.5,
    first: position === 0,
    last,
    resent: false,
    samples: Int16Array.from({ length }, (_unused, index) => position + index),
  };
}

function run(events: AssemblerEvent[], state: AssemblerState = emptyAssembler) {
  const effects: AssemblerEffect[] = [];
  let current = state;
  for (const event of events) {
    const step = nextAssembler(current, event, policy);
    current = step.state;
    effects.push(...step.effects);
  }
  return { state: current, effects };
}

const heard = (effects: AssemblerEffect[]) => effects.flatMap((e) => (e.type === 'samples' ? [...e.samples] : []));
const kinds = (effects: AssemblerEffect[]) => effects.map((e) => e.type);
const upTo = (length: number) => Array.from({ length }, (_unused, index) => index);

describe('the PCM assembler', () => {
  it('delivers contiguous frames at once and ends with the last one', () => {
    const { effects } = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'frame', frame: frame(1, 10, 5, true), atMs: 20 },
    ]);
    expect(heard(effects)).toEqual(upTo(15));
    expect(effects.at(-1)).toEqual({ type: 'ended', stream: 1, position: 15, complete: true });
  });

  it('asks for a gap at once, again after a while, and goes on when it is filled', () => {
    const first = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'frame', frame: frame(1, 20, 10), atMs: 20 },
      { type: 'tick', atMs: 60 },
      { type: 'tick', atMs: 130 },
    ]);
    expect(first.effects.filter((e) => e.type === 'ask')).toEqual([
      { type: 'ask', stream: 1, from: 10 },
      { type: 'ask', stream: 1, from: 10 },
    ]);
    const second = run([{ type: 'frame', frame: frame(1, 10, 10), atMs: 140 }], first.state);
    expect(heard([...first.effects, ...second.effects])).toEqual(upTo(30));
  });

  it('asks once for what there is of a stream that closes, and ends it where nobody has more', () => {
    const { state, effects } = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'close', stream: 1, atMs: 50 },
      { type: 'frame', frame: frame(1, 10, 5), atMs: 60 },
      { type: 'tick', atMs: 1_040 },
    ]);
    expect(effects.filter((e) => e.type === 'ask')).toEqual([{ type: 'ask', stream: 1, from: 10 }, expect.anything()]);
    expect(kinds(effects)).not.toContain('ended');
    const later = run([{ type: 'tick', atMs: 1_050 }], state);
    expect(later.effects).toEqual([{ type: 'ended', stream: 1, position: 15, complete: false }]);
    expect(run([{ type: 'close', stream: 1, atMs: 1_060 }], later.state).effects).toEqual([]);
  });

  it('asks for all of a closing stream it has seen nothing of, and has a gap of it filled before it ends', () => {
    const first = run([
      { type: 'close', stream: 1, atMs: 0 },
      { type: 'frame', frame: frame(1, 20, 0, true), atMs: 10 },
      { type: 'tick', atMs: 990 },
    ]);
    expect(first.effects[0]).toEqual({ type: 'ask', stream: 1, from: 0 });
    expect(kinds(first.effects)).not.toContain('ended');
    const { effects } = run([{ type: 'frame', frame: frame(1, 0, 20), atMs: 1_000 }], first.state);
    expect(heard(effects)).toEqual(upTo(20));
    expect(effects.at(-1)).toEqual({ type: 'ended', stream: 1, position: 20, complete: true });
  });

  it('ends a stream behind all that it has of it, where its end is told to somebody who has less', () => {
    const { effects } = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'frame', frame: frame(1, 0, 0, true), atMs: 10 },
    ]);
    expect(effects.slice(1)).toEqual([{ type: 'ended', stream: 1, position: 10, complete: true }]);
    const withGap = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'frame', frame: frame(1, 15, 5), atMs: 10 },
      { type: 'frame', frame: frame(1, 10, 0, true), atMs: 20 },
      { type: 'tick', atMs: 1_010 },
    ]);
    expect(heard(withGap.effects)).toEqual([...upTo(10), ...upTo(20).slice(15)]);
    expect(withGap.effects.at(-1)).toEqual({ type: 'ended', stream: 1, position: 20, complete: true });
  });

  it('asks for the beginning of a stream it comes into in the middle', () => {
    expect(run([{ type: 'frame', frame: frame(4, 100, 10), atMs: 0 }]).effects).toEqual([
      { type: 'ask', stream: 4, from: 0 },
    ]);
  });

  it('skips a gap nobody fills, and says what was lost', () => {
    const { effects } = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'frame', frame: frame(1, 20, 10, true), atMs: 10 },
      { type: 'tick', atMs: 1010 },
    ]);
    expect(effects).toContainEqual({ type: 'lost', stream: 1, from: 10, to: 20 });
    expect(effects.at(-1)).toEqual({ type: 'ended', stream: 1, position: 30, complete: true });
  });

  it('asks an open stream that has fallen silent, and ends it when its publisher is gone', () => {
    const { effects } = run([
      { type: 'frame', frame: frame(1, 0, 10), atMs: 0 },
      { type: 'tick', atMs: 300 },
      { type: 'tick', atMs: 5000 },
    ]);
    expect(kinds(effects)).toEqual(['samples', 'ask', 'ended']);
    expect(effects.at(-1)).toMatchObject({ complete: false, position: 10 });
  });

  it('asks a publisher that never answers ever more rarely', () => {
    const patient = { ...policy, abandonMs: 120_000 };
    let { state } = run([{ type: 'frame', frame: frame(1, 0, 10), atMs: 0 }]);
    let asked = 0;
    for (let atMs = 50; atMs < 60_000; atMs += 50) {
      const step = nextAssembler(state, { type: 'tick', atMs }, patient);
      state = step.state;
      if (atMs >= 5_000) asked += step.effects.length;
    }
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(20);
  });

  it('goes on where it is told to', () => {
    const { effects } = run([
      { type: 'expect', stream: 3, from: 15, atMs: 0 },
      { type: 'frame', frame: frame(3, 10, 10), atMs: 5 },
    ]);
    expect(effects[0]).toEqual({ type: 'ask', stream: 3, from: 15 });
    expect(heard(effects)).toEqual([15, 16, 17, 18, 19]);
  });

  it('never brings back a stream that has ended or was forgotten', () => {
    const { effects } = run([
      { type: 'frame', frame: frame(1, 0, 10, true), atMs: 0 },
      { type: 'frame', frame: frame(1, 0, 10, true), atMs: 1 },
      { type: 'forget', upToStream: 2 },
      { type: 'frame', frame: frame(2, 0, 10), atMs: 2 },
    ]);
    expect(heard(effects)).toEqual(upTo(10));
  });

  it('does not ask again while the answer is still coming', () => {
    const { effects } = run([
      { type: 'frame', frame: frame(1, 50, 10), atMs: 0 },
      ...[0, 1, 2, 3, 4].map((piece): AssemblerEvent => {
        return { type: 'frame', frame: frame(1, piece * 10, 10), atMs: 60 + piece * 60 };
      }),
    ]);
    expect(effects.filter(({ type }) => type === 'ask')).toEqual([{ type: 'ask', stream: 1, from: 0 }]);
    expect(heard(effects)).toEqual(upTo(60));
  });

  it('takes what is shown again from long before the forgotten ones for old, and what is just being said for new', () => {
    const bygone = frame(7, 0, 10, true);
    const { effects } = run([
      { type: 'forget', upToStream: 5_000 },
      { type: 'frame', frame: { ...bygone, resent: true }, atMs: 1 },
      { type: 'frame', frame: frame(8, 0, 10), atMs: 2 },
      { type: 'frame', frame: { ...frame(8, 10, 10), resent: true }, atMs: 3 },
    ]);
    expect(effects.every((effect) => !('stream' in effect) || effect.stream === 8)).toBe(true);
    expect(heard(effects)).toEqual(upTo(20));
  });

  it('ends the stream that has been silent for longest when more are open than anybody has', () => {
    const frames = Array.from({ length: 17 }, (_unused, index): AssemblerEvent => {
      return { type: 'frame', frame: frame(100 - index, 0, 10), atMs: index };
    });
    const { state, effects } = run([...frames, { type: 'frame', frame: frame(99, 10, 10), atMs: 20 }]);
    expect(effects.filter(({ type }) => type === 'ended')).toEqual([
      { type: 'ended', stream: 100, position: 10, complete: false },
    ]);
    expect(state.streams.size).toBe(16);
  });

  it('hears what comes next to the end, whatever numbers have been made up before', () => {
    const stream = fc.oneof(fc.nat(0xffff_ffff), fc.integer({ min: 800, max: 1_200 }));
    const madeUp = fc.record({ stream, position: fc.nat(500), length: fc.nat(20), last: fc.boolean() });
    const scenario = { madeUp: fc.array(madeUp, { maxLength: 400 }), forgotten: fc.option(fc.nat(0xffff_ffff)) };
    fc.assert(
      fc.property(fc.record(scenario), ({ madeUp: frames, forgotten }) => {
        const own = 1_000;
        // Whoever makes up the very number that comes next, or one of those after it, has spoilt it.
        fc.pre(frames.every((other) => other.stream !== own));
        fc.pre(forgotten === null || forgotten < own || forgotten > own + 64);
        const before = frames.map((other, atMs): AssemblerEvent => {
          return { type: 'frame', frame: frame(other.stream, other.position, other.length, other.last), atMs };
        });
        if (forgotten !== null) before.push({ type: 'forget', upToStream: forgotten });
        const { effects } = run([
          ...before,
          { type: 'frame', frame: frame(own, 0, 10), atMs: 1_000 },
          { type: 'tick', atMs: 1_010 },
          { type: 'frame', frame: frame(own, 10, 10, true), atMs: 1_020 },
        ]);
        const mine = effects.filter((effect) => 'stream' in effect && effect.stream === own);
        expect(heard(mine)).toEqual(upTo(20));
        expect(mine.at(-1)).toEqual({ type: 'ended', stream: own, position: 20, complete: true });
      }),
    );
  });

  it('renders every sample exactly once and in order, whatever the order, loss and repetition of frames', () => {
    const scenario = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 12 }),
      order: fc.array(fc.nat(100), { minLength: 1, maxLength: 60 }),
    });
    fc.assert(
      fc.property(scenario, ({ lengths, order }) => {
        const frames = lengths.map((length, index) =>
          frame(
            1,
            lengths.slice(0, index).reduce((a, b) => a + b, 0),
            length,
            index === lengths.length - 1,
          ),
        );
        const total = lengths.reduce((a, b) => a + b, 0);
        const shuffled = order.map((pick, at): AssemblerEvent => {
          return { type: 'frame', frame: frames[pick % frames.length] as PcmFrame, atMs: at };
        });
        // The publisher answers every question in the end, as frames in order.
        const repaired = frames.map((f, at): AssemblerEvent => ({ type: 'frame', frame: f, atMs: 70 + at }));
        const { effects } = run([...shuffled, ...repaired]);
        expect(heard(effects)).toEqual(upTo(total));
        expect(kinds(effects).filter((kind) => kind === 'ended')).toHaveLength(1);
      }),
    );
  });
});
