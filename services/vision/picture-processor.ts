import type { Capture, Picture } from './camera.ts';
import type { GreyCells } from './scene-change.ts';

export interface Glance {
  readonly cells: GreyCells;
  /** Mean of the cells, 0 to 255. */
  readonly brightness: number;
}

/** The port: what becomes of a capture. Both reject where the picture cannot be decoded in full. */
export interface PictureProcessor {
  glance(picture: Picture): Promise<Glance>;
  /**
   * A JPEG file that fits the size limit, upright, with the capture time and the scene's number in its EXIF and nothing
   * else of the original's metadata.
   */
  encode(capture: Capture, scene: number): Promise<Uint8Array>;
}
