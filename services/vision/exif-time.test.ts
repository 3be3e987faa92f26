import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import type { Picture } from './camera.ts';
import { exifTime } from './exif-time.ts';
import { sharpProcessor } from './sharp-processor.ts';

describe('the capture time tags', () => {
  it('have the form of the Exif standard', () => {
    expect(exifTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toEqual({
      DateTimeOriginal: '2026:01:02 03:04:05',
      SubSecTimeOriginal: '006',
      OffsetTimeOriginal: '+00:00',
    });
  });

  it('bring back the millisecond that went in', async () => {
    const picture: Picture = { kind: 'rgb', bytes: new Uint8Array(3), width: 1, height: 1 };
    const processor = sharpProcessor({ maxSidePx: 768, jpegQuality: 70, rotation: 0 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4_000_000_000_000 }), async (capturedAtMs) => {
        expect(captureTimeMs(await processor.encode({ picture, capturedAtMs }, 1))).toBe(capturedAtMs);
      }),
      { numRuns: 30 },
    );
  });
});
