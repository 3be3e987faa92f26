import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Picture } from './camera.ts';
import { sharpProcessor } from './sharp-processor.ts';
import { drawTestPicture } from './test-picture.ts';

const processor = sharpProcessor({ maxSidePx: 768, jpegQuality: 70, rotation: 0 });
const encode = (picture: Picture) => processor.encode({ picture, capturedAtMs: 1_790_000_000_123 }, 1);

function plain(width: number, height: number, background: string): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

async function meanColour(jpeg: Uint8Array): Promise<number[]> {
  const { channels } = await sharp(jpeg).stats();
  return channels.map((channel) => channel.mean);
}

describe('the picture processor', () => {
  it.each([
    ['red', [254, 0, 0]],
    ['lime', [0, 255, 1]],
    ['blue', [0, 0, 254]],
  ])('lets %s arrive %s', async (name, rgb) => {
    const mean = await meanColour(await encode({ kind: 'file', bytes: await plain(64, 64, name) }));
    for (const [index, value] of rgb.entries()) expect(Math.abs(mean[index]! - value)).toBeLessThan(4);
  });

  it('takes bare pixels in the order red, green, blue', async () => {
    const bytes = Buffer.alloc(16 * 16 * 3);
    for (let at = 0; at < bytes.length; at += 3) bytes[at] = 255;
    const [red, green, blue] = await meanColour(await encode({ kind: 'rgb', bytes, width: 16, height: 16 }));
    expect([red! > 250, green! < 5, blue! < 5]).toEqual([true, true, true]);
  });

  it.each([
    [1280, 720, 768, 432],
    [720, 1280, 432, 768],
    [640, 480, 640, 480],
    [3000, 10, 768, 3],
  ])('fits %i×%i into %i×%i and never enlarges', async (width, height, wantedWidth, wantedHeight) => {
    const jpeg = await encode({ kind: 'file', bytes: await plain(width, height, 'grey') });
    const { width: gotWidth, height: gotHeight, format } = await sharp(jpeg).metadata();
    expect([gotWidth, gotHeight, format]).toEqual([wantedWidth, wantedHeight, 'jpeg']);
  });

  it('turns a picture upright that says it lies on its side', async () => {
    const lying = await sharp(await plain(40, 20, 'grey'))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { width, height, orientation } = await sharp(await encode({ kind: 'file', bytes: lying })).metadata();
    expect([width, height, orientation ?? 1]).toEqual([20, 40, 1]);
  });

  it('leaves the original’s position and maker out of what it publishes', async () => {
    const tagged = await sharp(await plain(20, 20, 'grey'))
      .withExif({ IFD0: { Make: 'Somebody' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
      .jpeg()
      .toBuffer();
    expect(tagged.includes('Somebody')).toBe(true);
    expect(Buffer.from(await encode({ kind: 'file', bytes: tagged })).includes('Somebody')).toBe(false);
  });

  it('refuses a picture whose second half is missing', async () => {
    const whole = await plain(200, 200, 'green');
    await expect(encode({ kind: 'file', bytes: whole.subarray(0, whole.length / 2) })).rejects.toThrow();
  });

  it('keeps the test picture under 60 kB, so that 5 a second stay below 500 kB/s', async () => {
    expect((await encode(drawTestPicture(1_790_000_000_000))).length).toBeLessThan(60_000);
  });
});

describe('a glance at a picture', () => {
  const glanceAt = async (background: string) =>
    processor.glance({ kind: 'file', bytes: await plain(1280, 720, background) });

  it.each([
    ['black', 0],
    ['white', 255],
    ['#808080', 128],
  ])('finds %s as bright as it is', async (background, brightness) => {
    expect(Math.abs((await glanceAt(background)).brightness - brightness)).toBeLessThan(3);
  });

  it('always has the same number of grey cells, whatever the picture’s shape and kind', async () => {
    const narrow = await processor.glance({ kind: 'file', bytes: await plain(10, 3_000, 'red') });
    const rgb = await processor.glance({ kind: 'rgb', bytes: new Uint8Array(5 * 4 * 3), width: 5, height: 4 });
    const alpha = sharp({ create: { width: 40, height: 30, channels: 4, background: '#ff000080' } });
    const png = await processor.glance({ kind: 'file', bytes: await alpha.png().toBuffer() });
    const grey = sharp({ create: { width: 40, height: 30, channels: 3, background: 'grey' } }).greyscale();
    const lone = await processor.glance({ kind: 'file', bytes: await grey.jpeg().toBuffer() });
    expect([narrow, rgb, png, lone].map(({ cells }) => cells.length)).toEqual([768, 768, 768, 768]);
  });
});

describe('a camera mounted on its side', () => {
  it('is turned by the setting, on top of what its pictures say', async () => {
    const half = { create: { width: 20, height: 40, channels: 3, background: 'blue' } } as const;
    const leftIsRed = await sharp(await plain(40, 40, 'red'))
      .composite([{ input: await sharp(half).png().toBuffer(), left: 20, top: 0 }])
      .jpeg({ quality: 100 })
      .toBuffer();
    const turned = sharpProcessor({ maxSidePx: 768, jpegQuality: 90, rotation: 90 });
    const jpeg = await turned.encode({ picture: { kind: 'file', bytes: leftIsRed }, capturedAtMs: 0 }, 1);
    // What was on the left is on top after a quarter turn clockwise.
    const top = await sharp(jpeg).extract({ left: 0, top: 0, width: 40, height: 16 }).png().toBuffer();
    expect((await meanColour(top))[0]).toBeGreaterThan(200);
  });
});
