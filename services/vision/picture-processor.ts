import type { Capture } from './camera.ts';

/** The port: what becomes of a capture. Both reject where the picture cannot be decoded in full. */
export interface PictureProcessor {
  /** A JPEG file that fits the size limit, upright, with the capture time in its EXIF and nothing else of the original's metadata. */
  encode(capture: Capture): Promise<Uint8Array>;
}
