import type { CaptureCommand } from './process-camera.ts';

/**
 * Pictures a second from the device: twice the rate we look at them, so that the newest is never old, and a limit of
 * 100 ms on the exposure, so that walking does not blur everything in dim light.
 */
export const CAPTURE_FPS = 10;

/** Our options of rpicam-vid, each with what it is for. `CORTEX_RPICAM_ARGUMENTS` replaces or adds to them. */
const OPTIONS: readonly (readonly [flag: string, ...value: string[]])[] = [
  ['--nopreview'], // there is no screen
  ['--timeout', '0'], // run until stopped
  ['--codec', 'mjpeg'],
  ['--quality', '85'], // of the intermediate picture; the published one has its own quality
  ['--width', '1280'],
  ['--height', '720'],
  ['--framerate', String(CAPTURE_FPS)],
  ['--flush'], // a picture leaves when it is complete, not when a buffer is full
  ['--verbose', '0'],
  ['--output', '-'], // standard output
];

/**
 * The rpicam-vid command that writes MJPEG to standard output.
 * @param file rpicam-vid, or libcamera-vid as it was called before 2023; both take the same options.
 * @param extra further options as one would type them; rpicam-vid refuses an option given twice, so ours give way.
 */
export function rpicamCommand(file: string, extra: string | undefined): CaptureCommand {
  const typed = extra?.trim().split(/\s+/) ?? [];
  const given = new Set(typed.map((word) => word.split('=')[0]));
  const ours = OPTIONS.filter(([flag]) => !given.has(flag)).flat();
  return { file, args: [...ours, ...typed] };
}
