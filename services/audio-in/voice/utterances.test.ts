import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { SampleRing } from './sample-ring.ts';
import { type UtteranceOutput, Utterances } from './utterances.ts';

const WINDOW = 512;
const options = {
  threshold: 0.5,
  minSpeechSamples: 250 * 16,
  minSilenceSamples: 500 * 16,
  prerollSamples: 300 * 16,
  humIsSpeech: true,
};
const timbre = { levelDbfs: -20, brightness: 0.2, openness: 5 };

/** Every sample holds its own position, so that a frame shows what it was cut from. */
class Bench {
  readonly ring: SampleRing;
  readonly utterances: Utterances;
  readonly outputs: UtteranceOutput[] = [];

  constructor(keptSamples = 16 * 16_000) {
    this.ring = new SampleRing(keptSamples);
    this.utterances = new Utterances(this.ring, 100, (position) => 1_000_000 + position / 16);
  }

  hear(...probabilities: number[]): this {
    for (const probability of probabilities) {
      const position = this.ring.head;
      this.ring.append(Int16Array.from({ length: WINDOW }, (_unused, index) => (position + index) % 32_768));
      this.outputs.push(
        ...this.utterances.hear({ position, samples: WINDOW, newSamples: WINDOW, probability, timbre }, options),
      );
      this.outputs.push(...this.utterances.frames());
    }
    return this;
  }

  get frames(): PcmFrame[] {
    return this.outputs.flatMap((output) => (output.kind === 'frame' ? [output.frame] : []));
  }

  get story(): string[] {
    return this.outputs.flatMap((output) =>
      output.kind === 'speech' ? [`${output.utterance} ${output.event.state}`] : [],
    );
  }

  /** The ring positions that each stream's samples came from. */
  streams(): Map<number, { from: number; to: number }> {
    const streams = new Map<number, { from: number; to: number }>();
    for (const frame of this.frames) {
      const known = streams.get(frame.stream);
      const from = Math.round((frame.timeUs / 1000 - 1_000_000) * 16);
      expect(frame.position).toBe(known ? from - known.from : 0);
      if (known) expect(from).toBe(known.to);
      expect([...frame.samples]).toEqual(
        Array.from({ length: frame.samples.length }, (_unused, index) => (from + index) % 32_768),
      );
      streams.set(frame.stream, { from: known?.from ?? from, to: from + frame.samples.length });
    }
    return streams;
  }
}

const times = (count: number, probability: number) => Array<number>(count).fill(probability);

describe('utterances', () => {
  it('publish nothing while nobody speaks, and nothing of a cough', () => {
    const bench = new Bench().hear(...times(30, 0.1), ...times(5, 0.9), ...times(30, 0.1));
    expect(bench.frames).toEqual([]);
    expect(bench.story).toEqual(['100 possible', '100 discarded']);
  });

  it('begin with the pre-roll, at once when speech has started, and are 20 ms a frame', () => {
    const bench = new Bench().hear(...times(30, 0), ...times(8, 0.9));
    const frames = bench.frames;
    expect(bench.streams().get(100)?.from).toBe(30 * WINDOW - 4_800);
    expect(frames.length).toBe(Math.floor((8 * WINDOW + 4_800) / 320));
    expect(frames.every((frame) => frame.samples.length === 320 && !frame.last)).toBe(true);
    expect(frames.map((frame) => frame.first)).toEqual(frames.map((_frame, index) => index === 0));
  });

  it('end with the window that ended them, the last frame marked', () => {
    const bench = new Bench().hear(...times(30, 0), ...times(10, 0.9), ...times(16, 0));
    expect(bench.streams().get(100)?.to).toBe(56 * WINDOW);
    expect(bench.frames.filter((frame) => frame.last)).toEqual([bench.frames.at(-1)]);
    expect(bench.story).toEqual(['100 possible', '100 started', '100 ended']);
  });

  it('have no pre-roll from before the microphone was opened', () => {
    const bench = new Bench().hear(0, ...times(8, 0.9));
    expect(bench.streams().get(100)?.from).toBe(0);
  });

  it('begin with what is still kept where it took long to become certain of them', () => {
    const bench = new Bench(16_000);
    for (let word = 0; word < 8; word += 1) bench.hear(0.9, ...times(5, 0));
    const { from } = bench.streams().get(100) ?? {};
    expect(from).toBe((7 * 6 + 1) * WINDOW - 16_000);
  });

  it('never share a sample: a pre-roll stops where the last utterance ended', () => {
    const bench = new Bench().hear(...times(10, 0.9), ...times(16, 0), ...times(2, 0), ...times(10, 0.9));
    expect(bench.streams().get(101)?.from).toBe(bench.streams().get(100)?.to);
  });

  it('that are cut by the user end without another sample, and are discarded', () => {
    const bench = new Bench().hear(...times(10, 0.9));
    const before = bench.streams().get(100)?.to;
    bench.outputs.push(...bench.utterances.cut('discarded'));
    expect(bench.frames.at(-1)).toMatchObject({ last: true, samples: new Int16Array(0) });
    expect(bench.streams().get(100)?.to).toBe(before);
    expect(bench.story.at(-1)).toBe('100 discarded');
  });

  it('that are cut by a lost device end with all that was captured', () => {
    const bench = new Bench().hear(...times(10, 0.9));
    bench.outputs.push(...bench.utterances.cut('ended'));
    expect(bench.streams().get(100)?.to).toBe(10 * WINDOW);
    expect(bench.story.at(-1)).toBe('100 ended');
  });

  it.each([-(2 ** 50), 2 ** 50])('go on without harm from a predecessor that claims to stand at %i', (nowhere) => {
    const bench = new Bench().hear(...times(10, 0));
    const endpointing = { onset: nowhere, voicedSamples: 0, voicedUntil: nowhere, startPosition: nowhere };
    const open = { begin: -nowhere, published: nowhere };
    bench.utterances.adopt(
      { utterance: 7, spoken: nowhere, endpointing: { phase: 'started', ...endpointing }, open },
      0,
    );
    bench.hear(...times(10, 0.9));
    expect(bench.frames.every(({ position }) => position >= 0 && position < 2 ** 32)).toBe(true);
  });

  it('end with what the predecessor has published, where our own window of the silence ends just before that', () => {
    const bench = new Bench().hear(...times(60, 0));
    const reference = bench.ring.head - 1_000;
    const before = { onset: -20_000, voicedSamples: 8_000, voicedUntil: -8_020, startPosition: -20_000 };
    const open = { begin: -19_200, published: 0 };
    bench.utterances.adopt(
      { utterance: 7, spoken: -30_000, endpointing: { phase: 'started', ...before }, open },
      reference,
    );
    const window = {
      position: reference - WINDOW - 10,
      samples: WINDOW,
      newSamples: WINDOW / 2,
      probability: 0,
      timbre,
    };
    bench.outputs.push(...bench.utterances.hear(window, options));
    expect(bench.story.at(-1)).toBe('7 ended');
    expect(bench.frames.at(-1)).toMatchObject({ stream: 7, position: 19_200, last: true, samples: new Int16Array(0) });
  });

  it('are counted on from those of the predecessor, so that one can tell which came shortly before which', () => {
    const bench = new Bench().hear(...times(10, 0));
    const endpointing = { phase: 'silent' as const, onset: 0, voicedSamples: 0, voicedUntil: 0, startPosition: 0 };
    bench.utterances.adopt({ utterance: 17, spoken: 0, endpointing }, 0);
    bench.hear(...times(10, 0.9));
    expect(bench.story).toEqual(['18 possible', '18 started']);
  });

  it('are gap-free, in order and never overlap, whatever is heard', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 0.4, 0.9)), { maxLength: 30 }),
        (stretches) => {
          const bench = new Bench();
          for (const [count, probability] of stretches) bench.hear(...times(count, probability));
          bench.hear(...times(20, 0));
          let end = 0;
          for (const [stream, { from, to }] of bench.streams()) {
            expect(from).toBeGreaterThanOrEqual(end);
            end = to;
            const frames = bench.frames.filter((frame) => frame.stream === stream);
            expect(frames.filter((frame) => frame.first)).toEqual(frames.slice(0, 1));
            expect(frames.filter((frame) => frame.last)).toEqual(frames.slice(-1));
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
