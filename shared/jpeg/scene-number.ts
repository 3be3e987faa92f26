import { exifTags } from './exif.ts';

/** What vision writes into EXIF ImageDescription. */
export function sceneDescription(scene: number): string {
  return `scene ${scene}`;
}

/**
 * The number of the scene a frame of `vision/frame` shows. Two frames with the same number look alike: whoever pays
 * for pictures need not send the second. Undefined for pictures of other origin; never throws.
 */
export function sceneNumber(jpeg: Uint8Array): number | undefined {
  const { ImageDescription } = exifTags(jpeg);
  const match = typeof ImageDescription === 'string' ? /^scene (\d+)$/.exec(ImageDescription) : null;
  return match ? Number(match[1]) : undefined;
}
