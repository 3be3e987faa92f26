import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sceneDescription, sceneNumber } from './scene-number.ts';

function described(ImageDescription: string): Promise<Buffer> {
  return sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .withExif({ IFD0: { ImageDescription } })
    .jpeg()
    .toBuffer();
}

describe('the scene number of a frame', () => {
  it.each([0, 17, 1_795_324_200])('is read as it was written: %i', async (scene) => {
    expect(sceneNumber(await described(sceneDescription(scene)))).toBe(scene);
  });

  it('is undefined for somebody else’s description', async () => {
    expect(sceneNumber(await described('scene of an accident'))).toBeUndefined();
    expect(sceneNumber(Buffer.from([0xff, 0xd8, 0xff]))).toBeUndefined();
  });
});
