import * as fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { MjpegSplitter } from './mjpeg-splitter.ts';

let jpegs: Buffer[];

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 120, sigma: 60 } as const;
  const create = { width: 48, height: 32, channels: 3, noise, background: 'black' } as const;
  jpegs = [
    await sharp({ create }).jpeg().toBuffer(),
    await sharp({ create }).jpeg({ progressive: true, quality: 95 }).toBuffer(),
    // A picture inside a segment of a picture, as cameras write thumbnails.
    withSegment(await sharp({ create }).jpeg({ quality: 30 }).toBuffer(), await sharp({ create }).jpeg().toBuffer()),
  ];
});

function withSegment(jpeg: Buffer, content: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe2, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

/** Feeds the stream in pieces of the given lengths, over and over. */
function split(stream: Buffer, pieceLengths: number[], splitter = new MjpegSplitter()): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < stream.length; index += 1) {
    const length = pieceLengths[index % pieceLengths.length] ?? stream.length;
    for (const { jpeg } of splitter.push(stream.subarray(at, at + length), 0)) frames.push(Buffer.from(jpeg));
    at += length;
  }
  return frames;
}

const pieces = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 20 });
const order = fc.array(fc.nat(2), { minLength: 1, maxLength: 8 });
const jpegOf = (index: number) => jpegs[index] ?? Buffer.alloc(0);

describe('the MJPEG splitter', () => {
  it('gives back exactly the files that went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(order, pieces, (indices, lengths) => {
        const files = indices.map(jpegOf);
        expect(split(Buffer.concat(files), lengths)).toEqual(files);
      }),
      { numRuns: 40 },
    );
  });

  it('finds every file between other bytes, whatever they are short of a start of a picture', () => {
    const garbage = fc
      .uint8Array({ maxLength: 400 })
      .map((bytes) => Buffer.from(bytes.map((b) => (b === 0xff ? 0 : b))));
    fc.assert(
      fc.property(fc.array(fc.tuple(garbage, fc.nat(2)), { maxLength: 6 }), garbage, pieces, (parts, tail, lengths) => {
        const stream = Buffer.concat([...parts.flatMap(([bytes, index]) => [bytes, jpegOf(index)]), tail]);
        expect(split(stream, lengths)).toEqual(parts.map(([, index]) => jpegOf(index)));
      }),
      { numRuns: 40 },
    );
  });

  it('loses nothing but the file that breaks off', () => {
    fc.assert(
      fc.property(
        fc.nat(2),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        order,
        pieces,
        (index, share, rest, lengths) => {
          const broken = jpegOf(index).subarray(0, Math.floor(jpegOf(index).length * share));
          const files = rest.map(jpegOf);
          // A segment that breaks off claims up to 64 kB of what follows, until that turns out to be something else.
          const frames = split(Buffer.concat([broken, ...files, Buffer.alloc(66_000)]), [...lengths, 4_096]);
          // The first of them may have lent its beginning to the broken one.
          expect(frames.slice(1 - files.length || frames.length)).toEqual(files.slice(1));
          for (const frame of frames)
            expect(jpegs.some((jpeg) => jpeg.includes(frame) || frame.includes(jpeg))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('never throws, never holds more than its limit, and goes on with the next good file after any bytes at all', () => {
    const spoiltFile = fc
      .tuple(fc.nat(2), fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { maxLength: 10 }))
      .map(([index, changes]) => {
        const copy = Buffer.from(jpegOf(index));
        for (const [at, value] of changes) copy[at % copy.length] = value;
        return copy;
      });
    const anything = fc.oneof(
      spoiltFile,
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 6 }), pieces, (parts, lengths) => {
        const splitter = new MjpegSplitter(20_000);
        split(Buffer.concat(parts), lengths, splitter);
        // 64 kB of filling ends any segment whose length was spoilt.
        const frames = split(Buffer.concat([Buffer.alloc(66_000), jpegOf(0), jpegOf(2)]), [4_096], splitter);
        expect(frames.at(-1)).toEqual(jpegOf(2));
      }),
    );
  });

  it('counts what it skips', () => {
    const splitter = new MjpegSplitter();
    expect(splitter.push(Buffer.concat([Buffer.alloc(100), jpegOf(0), Buffer.alloc(50)]), 0)).toHaveLength(1);
    expect(splitter.skippedBytes).toBe(148); // two bytes are kept: a start may be cut in the middle
  });

  it('drops a file that outgrows the limit and goes on with the next', () => {
    const splitter = new MjpegSplitter(5_000);
    const huge = Buffer.concat([jpegOf(0).subarray(0, -2), Buffer.alloc(20_000, 1)]);
    expect(split(Buffer.concat([huge, jpegOf(0)]), [1_000], splitter)).toEqual([jpegOf(0)]);
  });

  it('stamps each frame with the arrival of its first byte', () => {
    const splitter = new MjpegSplitter();
    const [a, b] = [jpegOf(0), jpegOf(1)];
    expect(splitter.push(a.subarray(0, 100), 10)).toEqual([]);
    expect(splitter.push(Buffer.concat([a.subarray(100), b.subarray(0, 5)]), 20).map((f) => f.beganAtMs)).toEqual([10]);
    expect(splitter.push(b.subarray(5), 30).map((f) => f.beganAtMs)).toEqual([20]);
    expect(splitter.push(a, 40).map((f) => f.beganAtMs)).toEqual([40]);
  });

  it('takes a start of a picture in the middle of a picture for a new one', () => {
    const [a, b] = [jpegOf(0), jpegOf(1)];
    const scanAt = a.indexOf(Buffer.from([0xff, 0xda])) + 30;
    expect(split(Buffer.concat([a.subarray(0, scanAt), b]), [1_000])).toEqual([b]);
  });
});
