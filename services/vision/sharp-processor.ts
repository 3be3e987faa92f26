import sharp, { type Sharp } from 'sharp';
import type { Picture } from './camera.ts';
import { exifTime } from './exif-time.ts';
import type { PictureProcessor } from './picture-processor.ts';

export interface ProcessorOptions {
  /** Both sides are at most this long; smaller pictures stay as they are. */
  maxSidePx: number;
  /** libjpeg's scale, 1 to 100. */
  jpegQuality: number;
}

/** A picture with more pixels than any camera here takes would only be there to exhaust the memory. */
const MAX_INPUT_PIXELS = 50_000_000;

/** libvips at work in its own threads. One picture is in hand at a time, so a second thread or a cache would only hold memory. */
export function sharpProcessor({ maxSidePx, jpegQuality }: ProcessorOptions): PictureProcessor {
  sharp.cache(false);
  sharp.concurrency(1);
  return {
    encode({ picture, capturedAtMs }) {
      return decoded(picture)
        .autoOrient()
        .resize(maxSidePx, maxSidePx, { fit: 'inside', withoutEnlargement: true })
        .flatten()
        .withExif({ IFD2: { ...exifTime(capturedAtMs) } })
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
