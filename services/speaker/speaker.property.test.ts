import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PERIOD_SAMPLES } from './outputs/output.ts';
import { Speaker } from './speaker.ts';

const TURN = 1;
const LENGTH = 9_000;
/** Down and up for one pause after the other, down because the reply came too slowly, and down at the interrupt. */
const LONGEST_RAMPS = 1_500;
/** Large enough that even the softest sample of a ramp is no silence. */
const codeOf = (position: number): number => 15_000 + position;

type Action =
  | { kind: 'deliver'; samples: number }
  | { kind: 'speech'; state: 'possible' | 'discarded' }
  | { kind: 'warning'; samples: number }
  | { kind: 'interrupt' }
  | { kind: 'device'; plays: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), samples: fc.integer({ min: 1, max: 1_500 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('speech' as const), state: fc.constantFrom('possible', 'discarded') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('warning' as const), samples: fc.integer({ min: 1, max: 600 }) }),
  },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('device' as const), plays: fc.integer({ min: 1, max: 20 }) }) },
) as fc.Arbitrary<Action>;

/** A device with `depth` periods queued, which it gives back when asked, and everything that was heard from it. */
class Queue {
  readonly heard: number[] = [];
  private queue: number[][] = [];
  private readonly depth: number;

  constructor(depth: number) {
    this.depth = depth;
  }

  takeBack(samples: number): number {
    const periods = Math.min(this.queue.length, Math.floor(samples / PERIOD_SAMPLES));
    this.queue.length -= periods;
    return periods * PERIOD_SAMPLES;
  }

  fill(speaker: Speaker): void {
    while (this.queue.length < this.depth) this.queue.push([...speaker.render(PERIOD_SAMPLES)]);
  }

  play(): void {
    this.heard.push(...(this.queue.shift() ?? []));
  }
}

function run(actions: readonly Action[], depth: number) {
  const device = new Queue(depth);
  const told: string[] = [];
  const speaker = new Speaker(
    'pause',
    (news) => {
      if (news.type === 'told') told.push(news.state);
    },
    (samples) => device.takeBack(samples),
  );
  let delivered = 0;
  const deliver = (samples: number): void => {
    const to = Math.min(LENGTH, delivered + samples);
    speaker.append(
      TURN,
      delivered,
      Int16Array.from({ length: to - delivered }, (_none, at) => codeOf(delivered + at)),
    );
    delivered = to;
  };
  const perform = (one: Action): void => {
    switch (one.kind) {
      case 'deliver':
        deliver(one.samples);
        break;
      case 'speech':
        speaker.listen({ type: 'speech', speech: { utterance: 1, state: one.state }, atMs: 0 });
        break;
      case 'warning': {
        // A sentence that is not heard, so that what is heard is the reply.
        const words = speaker.alerts.begin({ urgent: false, spoken: true });
        words?.append(new Int16Array(one.samples));
        words?.close();
        speaker.attend();
        break;
      }
      case 'interrupt':
        speaker.tell({ type: 'interrupted' });
        break;
      case 'device':
        for (let period = 0; period < one.plays; period += 1) {
          device.play();
          device.fill(speaker);
        }
    }
    device.fill(speaker);
  };
  perform({ kind: 'deliver', samples: 0 });
  actions.forEach(perform);
  perform({ kind: 'speech', state: 'discarded' });
  deliver(LENGTH);
  speaker.tell({ type: 'ended', turn: TURN });
  perform({ kind: 'device', plays: 300 });
  return { heard: device.heard, told };
}

/** Every sample in a row, some of them softer than they are: their number, or where the row is broken. */
function heardInRow(heard: readonly number[]): number {
  const sounds = heard.filter((sample) => sample !== 0);
  for (const [position, sample] of sounds.entries()) {
    if (sample > codeOf(position)) throw new Error(`position ${position} holds a later sample`);
  }
  const last = sounds.findLastIndex((sample, position) => sample === codeOf(position));
  return sounds.length - last - 1 <= LONGEST_RAMPS ? sounds.length : -last;
}

describe('a speaker whose device gives back what it has not begun to play', () => {
  const script = fc.array(action, { maxLength: 40 });
  const depth = fc.constantFrom(1, 2, 4, 12, 40);

  it('plays every sample once and in order, whatever pauses it', () => {
    fc.assert(
      fc.property(script, depth, (actions, periods) => {
        const { heard, told } = run(actions, periods);
        expect(heardInRow(heard)).toBe(LENGTH);
        expect(told.at(-1)).toBe('finished');
      }),
      { numRuns: 120 },
    );
  });

  it('plays nothing twice before an interrupt, and nothing of the turn after its ramp', () => {
    fc.assert(
      fc.property(script, script, depth, (before, after, periods) => {
        const { heard, told } = run([...before, { kind: 'interrupt' }, ...after], periods);
        expect(heardInRow(heard)).toBeGreaterThanOrEqual(0);
        expect(told.filter((state) => state === 'interrupted' || state === 'finished')).toHaveLength(1);
      }),
      { numRuns: 120 },
    );
  });

  it('is silent within a ramp and what the device has begun, however deep the queue', () => {
    const periods = 20;
    const playing: Action[] = [
      { kind: 'deliver', samples: LENGTH },
      { kind: 'device', plays: periods },
    ];
    for (const stop of [{ kind: 'speech', state: 'possible' }, { kind: 'interrupt' }] as const) {
      const { heard } = run([...playing, stop, { kind: 'device', plays: 40 }], 40);
      const sinceThen = heard.slice(periods * PERIOD_SAMPLES);
      expect(sinceThen[0]).not.toBe(0);
      expect(sinceThen.indexOf(0)).toBeLessThanOrEqual(2 * PERIOD_SAMPLES);
    }
  });

  it('begins a reply and resumes it at once, however much silence is queued', () => {
    const { heard } = run(
      [
        { kind: 'device', plays: 60 },
        { kind: 'deliver', samples: LENGTH },
      ],
      40,
    );
    // What the device had begun when the reply came.
    expect(heard.findIndex((sample) => sample !== 0)).toBe(60 * PERIOD_SAMPLES);
  });
});
