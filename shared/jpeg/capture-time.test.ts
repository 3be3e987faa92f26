import * as fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { captureTimeMs } from './capture-time.ts';

type Tag = [tag: number, text: string];
const DATE_TIME_ORIGINAL = 0x9003;
const OFFSET_TIME_ORIGINAL = 0x9011;
const SUB_SEC_TIME_ORIGINAL = 0x9291;

/** A TIFF structure written by hand from the Exif 2.31 tables, so that reader and writer cannot share a mistake. */
function exifOf(tags: Tag[], bigEndian: boolean): Buffer {
  const out = Buffer.alloc(1_000);
  const u16 = (value: number, at: number) => (bigEndian ? out.writeUInt16BE(value, at) : out.writeUInt16LE(value, at));
  const u32 = (value: number, at: number) => (bigEndian ? out.writeUInt32BE(value, at) : out.writeUInt32LE(value, at));
  out.write(bigEndian ? 'MM' : 'II', 0, 'latin1');
  u16(42, 2);
  u32(8, 4);
  u16(1, 8); // IFD0: one entry, the pointer to the Exif IFD
  u16(0x8769, 10);
  u16(4, 12);
  u32(1, 14);
  u32(26, 18);
  u16(tags.length, 26);
  let free = 28 + tags.length * 12 + 4;
  for (const [index, [tag, text]] of tags.entries()) {
    const entry = 28 + index * 12;
    const length = text.length + 1;
    u16(tag, entry);
    u16(2, entry + 2);
    u32(length, entry + 4);
    if (length <= 4) out.write(text, entry + 8, 'latin1');
    else {
      u32(free, entry + 8);
      out.write(text, free, 'latin1');
      free += length;
    }
  }
  return out.subarray(0, free);
}

function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

function jpegWith(tags: Tag[], { bigEndian = false, before = [] as Buffer[] } = {}): Buffer {
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exifOf(tags, bigEndian)]));
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...before, exif, Buffer.from([0xff, 0xda, 0, 2, 1, 2, 0xff, 0xd9])]);
}

describe('the capture time of a JPEG', () => {
  it('is read from what sharp writes', async () => {
    const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .withExif({
        IFD2: {
          DateTimeOriginal: '2026:11:22 05:01:02',
          SubSecTimeOriginal: '345',
          OffsetTimeOriginal: '+00:00',
        },
      })
      .jpeg()
      .toBuffer();
    expect(captureTimeMs(jpeg)).toBe(Date.UTC(2026, 10, 22, 5, 1, 2, 345));
  });

  it.each([
    ['east of Greenwich', '+05:30', Date.UTC(2026, 10, 21, 23, 31, 2)],
    ['west of Greenwich', '-08:00', Date.UTC(2026, 10, 22, 13, 1, 2)],
  ])('takes the offset off, %s', (_where, offset, expectedMs) => {
    const tags: Tag[] = [
      [DATE_TIME_ORIGINAL, '2026:11:22 05:01:02'],
      [OFFSET_TIME_ORIGINAL, offset],
    ];
    expect(captureTimeMs(jpegWith(tags, { bigEndian: true }))).toBe(expectedMs);
    expect(captureTimeMs(jpegWith(tags))).toBe(expectedMs);
  });

  it.each([
    ['5', 500],
    ['05', 50],
    ['123456', 123.456],
    ['   ', 0],
  ])('reads SubSecTimeOriginal "%s" as a decimal fraction', (digits, expectedMs) => {
    const jpeg = jpegWith([
      [DATE_TIME_ORIGINAL, '2026:11:22 05:01:02'],
      [OFFSET_TIME_ORIGINAL, '+00:00'],
      [SUB_SEC_TIME_ORIGINAL, digits],
    ]);
    expect(captureTimeMs(jpeg)! - Date.UTC(2026, 10, 22, 5, 1, 2)).toBeCloseTo(expectedMs, 2);
  });

  it('is local time where the writer gave no offset', () => {
    const jpeg = jpegWith([[DATE_TIME_ORIGINAL, '2026:07:22 05:01:02']]);
    expect(captureTimeMs(jpeg)).toBe(new Date(2026, 6, 22, 5, 1, 2).getTime());
  });

  it('is found behind other segments and fill bytes', () => {
    const before = [segment(0xe0, Buffer.from('JFIF\0')), Buffer.from([0xff]), segment(0xe1, Buffer.from('http://ns'))];
    const jpeg = jpegWith(
      [
        [DATE_TIME_ORIGINAL, '2026:11:22 05:01:02'],
        [OFFSET_TIME_ORIGINAL, '+00:00'],
      ],
      { before },
    );
    expect(captureTimeMs(jpeg)).toBe(Date.UTC(2026, 10, 22, 5, 1, 2));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another kind of file', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
    ['a JPEG without EXIF', Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xd9])],
    ['a time of blanks', jpegWith([[DATE_TIME_ORIGINAL, '    :  :     :  :  ']])],
    ['an EXIF segment without a time', jpegWith([[OFFSET_TIME_ORIGINAL, '+00:00']])],
  ])('is undefined for %s', (_what, bytes) => {
    expect(captureTimeMs(bytes)).toBeUndefined();
  });

  it('never throws and never hangs, whichever bytes of the file are spoilt or missing', () => {
    const good = jpegWith([
      [DATE_TIME_ORIGINAL, '2026:11:22 05:01:02'],
      [SUB_SEC_TIME_ORIGINAL, '345'],
    ]);
    const spoilt = fc
      .tuple(
        fc.nat(good.length),
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      )
      .map(([length, changes]) => {
        const copy = Buffer.from(good);
        for (const [at, value] of changes) copy[at] = value;
        return copy.subarray(0, length);
      });
    fc.assert(
      fc.property(spoilt, (bytes) => {
        const ms = captureTimeMs(bytes);
        expect(ms === undefined || Number.isFinite(ms)).toBe(true);
      }),
    );
  });
});
