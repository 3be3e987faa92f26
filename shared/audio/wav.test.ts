import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWav, writeWav } from './wav.ts';

const anySamples = fc
  .array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 40 })
  .map((all) => Int16Array.from(all));

describe('WAV files', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        expect(readWav(writeWav({ sampleRateHz: 16000, samples }))).toEqual({ sampleRateHz: 16000, samples });
      }),
    );
  });

  it('give what is there when the header promises more (a recording that was cut)', () => {
    const cut = writeWav({ sampleRateHz: 8000, samples: Int16Array.of(1, 2, 3, 4) }).subarray(0, 48);
    expect([...readWav(cut).samples]).toEqual([1, 2]);
  });

  it('are averaged to one channel', () => {
    const stereo = writeWav({ sampleRateHz: 8000, samples: Int16Array.of(100, 200, -10, -30) });
    stereo.writeUInt16LE(2, 22);
    expect([...readWav(stereo).samples]).toEqual([150, -20]);
  });

  it('are read past unknown chunks', () => {
    const plain = writeWav({ sampleRateHz: 8000, samples: Int16Array.of(5) });
    const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([3, 0, 0, 0]), Buffer.from('abc\0')]);
    const withList = Buffer.concat([plain.subarray(0, 36), list, plain.subarray(36)]);
    expect([...readWav(withList).samples]).toEqual([5]);
  });

  it.each([
    ['text', Buffer.from('no sound here at all'), 'RIFF/WAVE is missing'],
    [
      'nothing after the header',
      writeWav({ sampleRateHz: 8000, samples: new Int16Array() }).subarray(0, 36),
      'no data',
    ],
    ['an unknown format', writeWav({ sampleRateHz: 8000, samples: Int16Array.of(1) }).fill(9, 20, 21), 'format 9'],
  ])('say what is wrong with %s', (_what, file, words) => {
    expect(() => readWav(file)).toThrow(words);
  });

  it('never make the reader do anything but read or throw RangeError', () => {
    const head = writeWav({ sampleRateHz: 8000, samples: Int16Array.of(1, 2, 3) });
    fc.assert(
      fc.property(fc.nat(head.length - 1), fc.nat(255), (offset, value) => {
        const spoiled = Buffer.from(head);
        spoiled[offset] = value;
        try {
          readWav(spoiled);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
