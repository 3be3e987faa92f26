import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const WIDTH = 1_280;
const HEIGHT = 720;
/** Of the street that is walked past; wider than the picture. */
const STREET_WIDTH = 2_600;

/** A scene as a folder of JPEG files, 1280×720, that a camera would deliver one after the other. */
export async function drawScene(name: 'still' | 'walking' | 'dark', folder: string): Promise<string> {
  const path = join(folder, name);
  mkdirSync(path);
  const street = await drawStreet();
  const pictures = name === 'walking' ? 24 : 6;
  for (let index = 0; index < pictures; index += 1) {
    // To and fro, so that the end of the film is no sudden change.
    const step = index < pictures / 2 ? index : pictures - index;
    const left = name === 'walking' ? step * 50 : 300;
    const crop = sharp(street).extract({ left, top: 0, width: WIDTH, height: HEIGHT });
    const lit = name === 'dark' ? crop.linear(0.03, 0) : crop;
    const noisy = sharp(await lit.png({ compressionLevel: 1 }).toBuffer()).composite([
      { input: await drawNoise(), blend: 'add' },
    ]);
    await noisy.jpeg({ quality: 85 }).toFile(join(path, `${String(index).padStart(3, '0')}.jpg`));
  }
  return path;
}

/** Large shapes with fine structure on them: about as hard to compress as a street. */
async function drawStreet(): Promise<Buffer> {
  const noise = (width: number, height: number, sigma: number) =>
    sharp({
      create: { width, height, channels: 3, noise: { type: 'gaussian', mean: 118, sigma }, background: 'grey' },
    });
  const fine = await noise(STREET_WIDTH / 4, HEIGHT / 4, 40)
    .png()
    .toBuffer();
  const shapes = await noise(STREET_WIDTH / 100, Math.ceil(HEIGHT / 100), 90)
    .png()
    .toBuffer();
  const full = { width: STREET_WIDTH, height: HEIGHT, fit: 'fill' } as const;
  return sharp(
    await sharp(shapes)
      .resize({ ...full, kernel: 'nearest' })
      .png()
      .toBuffer(),
  )
    .composite([{ input: await sharp(fine).resize(full).png().toBuffer(), blend: 'overlay' }])
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** The sensor's noise, different in each picture. */
function drawNoise(): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 4, sigma: 3 } as const;
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, noise, background: 'black' } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}
