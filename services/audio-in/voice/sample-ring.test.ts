import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleRing } from './sample-ring.ts';

describe('the sample ring', () => {
  it('gives back any stretch it still holds, whatever was appended', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        fc.nat(),
        (capacity, chunkSizes, seedFrom, seedTo) => {
          const ring = new SampleRing(capacity);
          let position = 0;
          for (const size of chunkSizes) {
            ring.append(Int16Array.from({ length: size }, (_unused, index) => position + index));
            position += size;
          }
          expect(ring.head).toBe(position);
          expect(ring.tail).toBe(Math.max(0, position - capacity));
          const from = ring.tail + (seedFrom % (ring.head - ring.tail + 1));
          const to = from + (seedTo % (ring.head - from + 1));
          expect([...ring.read(from, to)]).toEqual(Array.from({ length: to - from }, (_unused, index) => from + index));
        },
      ),
    );
  });

  it('refuses what has been overwritten or has not come yet', () => {
    const ring = new SampleRing(4);
    ring.append(Int16Array.of(1, 2, 3, 4, 5, 6));
    expect(() => ring.read(1, 3)).toThrow('2 to 6');
    expect(() => ring.read(5, 7)).toThrow('2 to 6');
  });
});
