import sharp, { type Sharp } from 'sharp';
import { sceneDescription } from '#shared/jpeg/scene-number.ts';
import type { Picture } from './camera.ts';
import { exifTime } from './exif-time.ts';
import type { PictureProcessor } from './picture-processor.ts';

export interface ProcessorOptions {
  /** Both sides are at most this long; smaller pictures stay as they are. */
  maxSidePx: number;
  /** libjpeg's scale, 1 to 100. */
  jpegQuality: number;
  /** Degrees clockwise, on top of what the picture says about itself. */
  rotation: number;
}

/** A picture with more pixels than any camera here takes would only be there to exhaust the memory. */
const MAX_INPUT_PIXELS = 50_000_000;
/** Enough cells for a person at the end of a room, few enough to compare in microseconds. */
const CELLS_ACROSS = 32;
const CELLS_DOWN = 24;

/** libvips at work in its own threads. One picture is in hand at a time, so a second thread or a cache would only hold memory. */
export function sharpProcessor({ maxSidePx, jpegQuality, rotation }: ProcessorOptions): PictureProcessor {
  sharp.cache(false);
  sharp.concurrency(1);
  return {
    async glance(picture) {
      // A JPEG is decoded at an eighth of its size for this, which costs a third of a whole decoding.
      const shrunk = decoded(picture).resize(CELLS_ACROSS, CELLS_DOWN, { fit: 'fill' });
      const cells = await shrunk.flatten().toColourspace('b-w').raw().toBuffer();
      return { cells, brightness: cells.reduce((sum, cell) => sum + cell, 0) / cells.length };
    },
    encode({ picture, capturedAtMs }, scene) {
      const upright = decoded(picture).autoOrient();
      if (rotation !== 0) upright.rotate(rotation);
      return upright
        .resize(maxSidePx, maxSidePx, { fit: 'inside', withoutEnlargement: true })
        .flatten()
        .withExif({ IFD0: { ImageDescription: sceneDescription(scene) }, IFD2: { ...exifTime(capturedAtMs) } })
        .jpeg({ quality: jpegQuality })
        .toBuffer();
    },
  };
}

function decoded(picture: Picture): Sharp {
  const limits = { limitInputPixels: MAX_INPUT_PIXELS };
  if (picture.kind === 'file') return sharp(picture.bytes, limits);
  return sharp(picture.bytes, { ...limits, raw: { width: picture.width, height: picture.height, channels: 3 } });
}
