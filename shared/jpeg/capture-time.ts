import { exifTags } from './exif.ts';

/**
 * When the picture was taken, as Unix time in milliseconds, from EXIF DateTimeOriginal, SubSecTimeOriginal and
 * OffsetTimeOriginal (Exif 2.31). Undefined where the file does not say, or is damaged; never throws.
 * A writer that gives no offset means its own local time, which is taken to be ours.
 */
export function captureTimeMs(jpeg: Uint8Array): number | undefined {
  const { DateTimeOriginal, OffsetTimeOriginal, SubSecTimeOriginal } = exifTags(jpeg);
  if (!(DateTimeOriginal instanceof Date) || Number.isNaN(DateTimeOriginal.getTime())) return undefined;
  const offsetMs = offsetFromUtcMs(OffsetTimeOriginal, DateTimeOriginal);
  return DateTimeOriginal.getTime() - offsetMs + subSecondMs(SubSecTimeOriginal);
}

/** `+02:00` → 7,200,000. The wall time comes as if it were UTC, so this has to be taken off. */
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
