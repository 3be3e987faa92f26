import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketFraming } from './packet-framing.ts';

/** A QoS 0 PUBLISH on topic "t". */
function publish(payloadBytes: number): Buffer {
  const length: number[] = [];
  for (let rest = payloadBytes + 3; rest > 0 || length.length === 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([0x30, ...length, 0, 1, 0x74]), Buffer.alloc(payloadBytes)]);
}

describe('packet framing', () => {
  it('counts every packet once, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20_000), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 20 }),
        (payloads, cuts) => {
          const bytes = Buffer.concat(payloads.map(publish));
          const framing = new PacketFraming(100_000);
          let packets = 0;
          for (let from = 0, cut = 0; from < bytes.length; cut += 1) {
            const length = cuts[cut % cuts.length]!;
            packets += framing.accept(bytes.subarray(from, from + length));
            from += length;
          }
          expect(packets).toBe(payloads.length);
        },
      ),
    );
  });

  it('refuses a long packet at its header, before its body has come', () => {
    const framing = new PacketFraming(1_000);
    expect(() => framing.accept(publish(1_001).subarray(0, 3))).toThrow(/more than 1000 bytes/);
  });

  it('takes a packet of exactly the limit', () => {
    const framing = new PacketFraming(1_000);
    expect(framing.accept(publish(1_000 - 3))).toBe(1);
  });

  it('refuses a length field of five bytes', () => {
    const framing = new PacketFraming(2 ** 28);
    expect(() => framing.accept(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toThrow(/length field/);
  });
});
