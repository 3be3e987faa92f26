import type { CaptureCommand } from './process-camera.ts';

/**
 * Pictures a second from the device: enough that every other one is younger than 300 ms on the bus, and a limit of 80 ms
 * on the exposure, so that walking does not blur everything in dim light.
 */
export const CAPTURE_FPS = 12;

/** Our options of rpicam-vid, each with what it is for. `CORTEX_RPICAM_ARGUMENTS` replaces or adds to them. */
function options(widthPx: number): readonly (readonly [flag: string, ...value: string[]])[] {
  return [
    ['--nopreview'], // there is no screen
    ['--timeout', '0'], // run until stopped
    ['--codec', 'mjpeg'],
    ['--quality', '85'], // of the intermediate picture; the published one has its own quality
    // The size that is published: the camera's own hardware scales, and the Pi 5 encodes JPEG in software.
    ['--width', String(even(widthPx))],
    ['--height', String(even((widthPx * 9) / 16))],
    ['--framerate', String(CAPTURE_FPS)],
    ['--flush'], // a picture leaves when it is complete, not when a buffer is full
    ['--verbose', '0'],
    ['--output', '-'], // standard output
  ];
}

/** Video formats share colour between two pixels. */
function even(size: number): number {
  return Math.round(size / 2) * 2;
}

/**
 * The rpicam-vid command that writes MJPEG to standard output.
 * @param file rpicam-vid, or libcamera-vid as it was called before 2023; both take the same options.
 * @param extra further options as one would type them; rpicam-vid refuses an option given twice, so ours give way.
 */
export function rpicamCommand(file: string, widthPx: number, extra: string | undefined): CaptureCommand {
  const typed = extra?.trim().split(/\s+/) ?? [];
  const given = new Set(typed.map((word) => word.split('=')[0]));
  const ours = options(widthPx)
    .filter(([flag]) => !given.has(flag))
    .flat();
  return { file, args: [...ours, ...typed] };
}
