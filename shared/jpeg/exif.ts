import readExif from 'exif-reader';

const MARKER = 0xff;
const START_OF_IMAGE = 0xd8;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const APP1 = 0xe1;
const EXIF_SIGNATURE = 'Exif\0\0';

/** Whatever a stranger's file holds under the tags we read; times come as Date, wall time taken for UTC. */
export interface ExifTags {
  ImageDescription?: unknown;
  DateTimeOriginal?: unknown;
  OffsetTimeOriginal?: unknown;
  SubSecTimeOriginal?: unknown;
}

/** The EXIF tags of a JPEG file; none where it has no such segment or a damaged one. Never throws. */
export function exifTags(jpeg: Uint8Array): ExifTags {
  const exif = exifSegment(Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength));
  if (!exif) return {};
  try {
    const { Image, Photo } = readExif(exif);
    return { ...Image, ...Photo };
  } catch {
    // The reader throws on a damaged structure; for us that is a picture which says nothing about itself.
    return {};
  }
}

/** The TIFF structure of the APP1 segment, with its `Exif\0\0` in front. */
function exifSegment(bytes: Buffer): Buffer | undefined {
  if (bytes[0] !== MARKER || bytes[1] !== START_OF_IMAGE) return undefined;
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === MARKER) {
    const marker = bytes[at + 1];
    if (marker === MARKER) {
      at += 1; // a fill byte
      continue;
    }
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return undefined;
    const length = bytes.readUInt16BE(at + 2);
    const content = bytes.subarray(at + 4, at + 2 + length);
    if (marker === APP1 && content.toString('latin1', 0, 6) === EXIF_SIGNATURE) return content;
    at += 2 + length;
  }
  return undefined;
}
