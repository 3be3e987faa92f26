import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { colourName, lookAt } from './picture.ts';

const plain = (background: string, width = 64, height = 48) =>
  sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();

describe('looking at a picture', () => {
  it.each([
    ['#e01020', 'red'],
    ['#ff9020', 'orange'],
    ['#70461c', 'brown'],
    ['#f0e020', 'yellow'],
    ['#20a040', 'green'],
    ['#20d0d0', 'cyan'],
    ['#2040d0', 'blue'],
    ['#8030d0', 'purple'],
    ['#f040a0', 'pink'],
    ['#ffffff', 'white'],
    ['#808080', 'grey'],
    ['#101010', 'black'],
  ])('%s is %s', async (background, colour) => {
    expect(await lookAt(await plain(background))).toMatchObject({ colour, widthPx: 64, heightPx: 48 });
  });

  it('names the colour that most of it has', async () => {
    const patch = { input: await plain('#2040d0', 30, 48), left: 0, top: 0 };
    const mostlyRed = await sharp(await plain('#e01020'))
      .composite([patch])
      .jpeg()
      .toBuffer();
    expect((await lookAt(mostlyRed)).colour).toBe('red');
  });

  it('measures the light', async () => {
    expect((await lookAt(await plain('#000000'))).brightness).toBeCloseTo(0, 1);
    expect((await lookAt(await plain('#808080'))).brightness).toBeCloseTo(0.5, 1);
    expect((await lookAt(await plain('#ffffff'))).brightness).toBeCloseTo(1, 1);
  });

  it('rejects what is no picture', async () => {
    await expect(lookAt(Buffer.from('no picture'))).rejects.toThrow();
  });

  it('names every colour there is', () => {
    for (let red = 0; red < 256; red += 15) {
      for (let green = 0; green < 256; green += 15) {
        for (let blue = 0; blue < 256; blue += 15) expect(colourName(red, green, blue)).toMatch(/^[a-z]+$/);
      }
    }
  });
});
