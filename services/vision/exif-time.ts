/** The three EXIF tags (Exif 2.31) that say when a picture was taken, to the millisecond, in UTC. */
export interface ExifTime {
  DateTimeOriginal: string;
  SubSecTimeOriginal: string;
  OffsetTimeOriginal: string;
}

/** @param capturedAtMs Unix time in milliseconds. */
export function exifTime(capturedAtMs: number): ExifTime {
  const iso = new Date(Math.floor(capturedAtMs)).toISOString();
  return {
    DateTimeOriginal: `${iso.slice(0, 10).replaceAll('-', ':')} ${iso.slice(11, 19)}`,
    SubSecTimeOriginal: iso.slice(20, 23),
    OffsetTimeOriginal: '+00:00',
  };
}
