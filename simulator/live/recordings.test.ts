import { describe, expect, it } from 'vitest';
import { Recordings } from './recordings.ts';

const pcm = (...samples: number[]) => Buffer.from(Int16Array.from(samples).buffer);

describe('recordings', () => {
  it('give back any range of any connection, across its pieces', () => {
    const recordings = new Recordings(1_000);
    recordings.append(1, 0, pcm(1, 2, 3));
    recordings.append(2, 0, pcm(91, 92));
    recordings.append(1, 3, pcm(4, 5));
    expect([...recordings.samples()]).toEqual([1, 2, 3, 91, 92, 4, 5]);
    expect([...recordings.samples({ connection: 1 })]).toEqual([1, 2, 3, 4, 5]);
    expect([...recordings.samples({ connection: 1, fromSample: 1, toSample: 4 })]).toEqual([2, 3, 4]);
    expect([...recordings.samples({ connection: 1, fromSample: 3, toSample: 3 })]).toEqual([]);
    expect([...recordings.samples({ connection: 3 })]).toEqual([]);
  });

  it('forget the oldest beyond their limit, and keep the positions of the rest', () => {
    const recordings = new Recordings(8);
    for (let at = 0; at < 10; at += 2) recordings.append(1, at, pcm(at, at + 1));
    expect([...recordings.samples()]).toEqual([6, 7, 8, 9]);
    expect([...recordings.samples({ connection: 1, fromSample: 7 })]).toEqual([7, 8, 9]);
  });
});
