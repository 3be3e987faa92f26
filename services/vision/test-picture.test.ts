import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { differencePercent } from './scene-change.ts';
import { sharpProcessor } from './sharp-processor.ts';
import { drawTestPicture } from './test-picture.ts';

const NOON_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const processor = sharpProcessor({ maxSidePx: 768, jpegQuality: 70, rotation: 0 });

describe('the test picture', () => {
  it('is the same for the same moment and moves enough in half a second to count as changed', async () => {
    expect(Buffer.compare(drawTestPicture(NOON_MS).bytes, drawTestPicture(NOON_MS).bytes)).toBe(0);
    const [before, after] = await Promise.all(
      [NOON_MS, NOON_MS + 500].map((atMs) => processor.glance(drawTestPicture(atMs))),
    );
    expect(differencePercent(before!.cells, after!.cells)).toBeGreaterThan(1.5);
  });

  it('holds its square within the picture at any time of day', () => {
    for (let atMs = NOON_MS; atMs < NOON_MS + 10_000; atMs += 37) {
      const { bytes, width, height } = drawTestPicture(atMs);
      expect(bytes).toHaveLength(width * height * 3);
    }
  });

  it('says what it is in letters a person can read', async () => {
    const { bytes, width, height } = drawTestPicture(NOON_MS);
    const banner = sharp(bytes, { raw: { width, height, channels: 3 } }).extract({
      left: 110,
      top: 8,
      width: 420,
      height: 35,
    });
    const letters = await banner.resize(84, 7, { kernel: 'nearest' }).greyscale().raw().toBuffer();
    const rows = Array.from({ length: 7 }, (_, row) =>
      [...letters.subarray(row * 84, (row + 1) * 84)]
        .map((level) => (level > 128 ? '#' : ' '))
        .join('')
        .trimEnd(),
    );
    expect(rows).toEqual([
      ' ####  ###  #   # #   # #      ###  ##### ##### ###         ##### #####  #### #####',
      '#       #   ## ## #   # #     #   #   #   #     #  #          #   #     #       #',
      '#       #   # # # #   # #     #   #   #   #     #   #         #   #     #       #',
      ' ###    #   # # # #   # #     #   #   #   ####  #   #         #   ####   ###    #',
      '    #   #   #   # #   # #     #####   #   #     #   #         #   #         #   #',
      '    #   #   #   # #   # #     #   #   #   #     #  #          #   #         #   #',
      '####   ###  #   #  ###  ##### #   #   #   ##### ###           #   ##### ####    #',
    ]);
  });
});
