import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePcmFrame, encodePcmFrame, type PcmFrame } from './frame.ts';

const anyFrame: fc.Arbitrary<PcmFrame> = fc.record({
  sampleRateHz: fc.constantFrom(8000, 16000, 24000, 48000),
  stream: fc.integer({ min: 0, max: 0xffff_ffff }),
  position: fc.integer({ min: 0, max: 0xf000_0000 }),
  timeUs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  first: fc.boolean(),
  last: fc.boolean(),
  resent: fc.boolean(),
  samples: fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 50 }).map((all) => Int16Array.from(all)),
});

describe('the PCM frame', () => {
  it('has exactly the bytes of the protocol page', () => {
    const payload = encodePcmFrame({
      sampleRateHz: 16000,
      stream: 7,
      position: 320,
      timeUs: 1_790_000_000_000_001,
      first: true,
      last: false,
      resent: true,
      samples: Int16Array.of(1, -2),
    });
    expect(payload.toString('hex')).toBe(
      ['01', '01', '0500', '803e0000', '07000000', '40010000', '01e025dafe5b0600', '0100', 'feff'].join(''),
    );
  });

  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodePcmFrame(encodePcmFrame(frame))).toEqual(frame);
      }),
    );
  });

  it('reads from an odd offset inside a larger buffer', () => {
    const payload = encodePcmFrame({
      sampleRateHz: 24000,
      stream: 1,
      position: 0,
      timeUs: 5,
      first: false,
      last: true,
      resent: false,
      samples: Int16Array.of(-32768, 32767),
    });
    const shifted = Buffer.concat([Buffer.from([9]), payload]).subarray(1);
    expect([...decodePcmFrame(shifted).samples]).toEqual([-32768, 32767]);
  });

  it('never does anything but decode or throw RangeError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodePcmFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  const good = () =>
    encodePcmFrame({
      sampleRateHz: 16000,
      stream: 1,
      position: 0,
      timeUs: 0,
      first: false,
      last: false,
      resent: false,
      samples: Int16Array.of(1),
    });
  it.each([
    ['an unknown version', (b: Buffer) => b.fill(2, 0, 1), 'version 2'],
    ['an unknown kind', (b: Buffer) => b.fill(3, 1, 2), 'kind 3'],
    ['an undefined flag', (b: Buffer) => b.fill(8, 2, 3), 'flags 8'],
    ['a rate no sound card has', (b: Buffer) => b.fill(0, 4, 8), 'sample rate 0'],
    ['half a sample', (b: Buffer) => b.subarray(0, 25), 'half a sample'],
    ['a position past 32 bits', (b: Buffer) => b.fill(255, 12, 16), 'runs past'],
    ['a time past the safe integers', (b: Buffer) => b.fill(255, 16, 24), 'is not a time'],
    ['too few bytes', (b: Buffer) => b.subarray(0, 10), '10 bytes'],
  ])('refuses %s and says so', (_what, spoil, words) => {
    expect(() => decodePcmFrame(spoil(good()))).toThrow(words);
  });
});
