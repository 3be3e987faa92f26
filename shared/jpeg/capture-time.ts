import readExif from 'exif-reader';

const MARKER = 0xff;
const START_OF_IMAGE = 0xd8;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const APP1 = 0xe1;
const EXIF_SIGNATURE = 'Exif\0\0';

/**
 * When the picture was taken, as Unix time in milliseconds, from EXIF DateTimeOriginal, SubSecTimeOriginal and
 * OffsetTimeOriginal (Exif 2.31). Undefined where the file does not say, or is damaged; never throws.
 * A writer that gives no offset means its own local time, which is taken to be ours.
 */
export function captureTimeMs(jpeg: Uint8Array): number | undefined {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  const exif = exifSegment(bytes);
  if (!exif) return undefined;
  const photo = photoTags(exif);
  const taken = photo?.DateTimeOriginal;
  if (!(taken instanceof Date) || Number.isNaN(taken.getTime())) return undefined;
  const offsetMs = offsetFromUtcMs(photo?.OffsetTimeOriginal, taken);
  return taken.getTime() - offsetMs + subSecondMs(photo?.SubSecTimeOriginal);
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

/** Whatever a stranger's file holds under these tags. */
interface PhotoTags {
  DateTimeOriginal?: unknown;
  OffsetTimeOriginal?: unknown;
  SubSecTimeOriginal?: unknown;
}

function photoTags(exif: Buffer): PhotoTags | undefined {
  try {
    return readExif(exif).Photo;
  } catch {
    // The reader throws on a damaged structure; for us that is a picture which does not say when it was taken.
    return undefined;
  }
}

/** `+02:00` → 7,200,000. exif-reader hands the wall time over as if it were UTC, so this has to be taken off. */
function offsetFromUtcMs(text: unknown, wallTime: Date): number {
  const match = typeof text === 'string' ? /^([+-])(\d\d):(\d\d)/.exec(text) : null;
  if (match) return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  const local = new Date(
    wallTime.getUTCFullYear(),
    wallTime.getUTCMonth(),
    wallTime.getUTCDate(),
    wallTime.getUTCHours(),
    wallTime.getUTCMinutes(),
    wallTime.getUTCSeconds(),
  );
  return wallTime.getTime() - local.getTime();
}

/** The digits are a decimal fraction: `5` is half a second, `050` a twentieth. */
function subSecondMs(text: unknown): number {
  const digits = typeof text === 'string' ? /^\d+/.exec(text)?.[0] : undefined;
  return digits ? Number(`0.${digits}`) * 1_000 : 0;
}
