import { describe, expect, it } from 'vitest';
import { codedSamples } from '#shared/audio/coded-signal.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { withNoise } from './align.ts';
import {
  alteredIn,
  heardAt,
  isFaded,
  judgeQuestion,
  judgeReplies,
  notePublished,
  type PublishedReply,
  REPLY_STRIDE,
} from './findings.ts';

const joined = (...parts: Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]));
const frame = (stream: number, position: number, samples: Int16Array): PcmFrame => ({
  sampleRateHz: 24_000,
  stream,
  position,
  timeUs: 0,
  first: position === 0,
  last: false,
  resent: false,
  samples,
});

describe('what became of a signal', () => {
  it('names the samples of each published reply that were not heard, or twice', () => {
    const replies = new Map<number, PublishedReply>();
    notePublished(replies, frame(7, 100, codedSamples(100, 100)));
    notePublished(replies, frame(9, 0, codedSamples(REPLY_STRIDE, 50)));
    notePublished(replies, frame(9, 0, Int16Array.of(1, 1)));
    const recording = joined(
      codedSamples(0, 120),
      new Int16Array(9),
      codedSamples(130, 70),
      codedSamples(REPLY_STRIDE, 50),
    );
    const twice = joined(recording, codedSamples(REPLY_STRIDE + 40, 10));
    expect(judgeReplies(twice, replies.values())).toEqual({
      lost: [{ from: 120, to: 130 }],
      doubled: [{ from: REPLY_STRIDE + 40, to: REPLY_STRIDE + 50 }],
    });
    expect(heardAt(twice, 130)).toBe(129);
    expect(heardAt(twice, 125)).toBe(-1);
  });

  it('tells samples that were played in a ramp from samples that were not played', () => {
    const ramp = codedSamples(120, 10).map((sample) => sample >> 1 || 1);
    const of = (between: Int16Array) =>
      alteredIn(joined(codedSamples(0, 120), between, codedSamples(130, 70)), { from: 120, to: 130 });
    expect(of(ramp)).toBe(10);
    expect(of(new Int16Array(9))).toBe(0);
  });

  it('takes the ramp at the end of a reply for heard, and neither its absence nor another sound', () => {
    const of = (ending: (sample: number, at: number) => number) => {
      const ending120 = codedSamples(80, 120).map(ending);
      return isFaded(joined(codedSamples(0, 80), ending120, new Int16Array(50)), { from: 80, to: 200 });
    };
    expect(of((sample, at) => sample * (1 - (at + 0.5) / 120))).toBe(true);
    expect(of(() => 0)).toBe(false);
    expect(of((_sample, at) => 20_000 + at)).toBe(false);
  });

  it('takes a question that was put again for one question, and a gap in all of its puttings for a loss', () => {
    const source = withNoise(new Int16Array(1_000));
    const first = source.subarray(0, 600);
    const again = joined(source.subarray(0, 300), source.subarray(310, 900));
    expect(judgeQuestion(source, [first, again])).toEqual({ lost: [{ from: 900, to: 1_000 }], doubled: [] });
    expect(judgeQuestion(source, [again])).toEqual({
      lost: [
        { from: 300, to: 310 },
        { from: 900, to: 1_000 },
      ],
      doubled: [],
    });
  });
});
