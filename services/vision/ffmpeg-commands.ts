import type { CaptureCommand } from './process-camera.ts';
import { CAPTURE_FPS } from './rpicam-camera.ts';

const QUIET = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
const TO_STDOUT = ['-f', 'mjpeg', '-flush_packets', '1', 'pipe:1'];
/** ffmpeg's scale from 2 (best) to 31; 4 is about JPEG quality 85. */
const ENCODE = ['-c:v', 'mjpeg', '-q:v', '4'];

/** Lists what a V4L2 device can deliver, on standard error. */
export function listFormatsCommand(file: string, device: string): CaptureCommand {
  return { file, args: ['-hide_banner', '-nostdin', '-f', 'v4l2', '-list_formats', 'all', '-i', device] };
}

/**
 * A webcam. One that makes JPEG itself (nearly all do) is copied through without decoding; others are encoded.
 * The size and the rate are wishes: the driver takes the nearest it has.
 */
export function v4l2Command(file: string, device: string, makesJpeg: boolean): CaptureCommand {
  const size = ['-video_size', makesJpeg ? '1280x720' : '640x480', '-framerate', String(CAPTURE_FPS)];
  const input = ['-fflags', 'nobuffer', '-f', 'v4l2', ...(makesJpeg ? ['-input_format', 'mjpeg'] : []), ...size];
  const output = makesJpeg ? ['-c:v', 'copy'] : ['-vf', `fps=${CAPTURE_FPS}`, ...ENCODE];
  return { file, args: [...QUIET, ...input, '-i', device, ...output, ...TO_STDOUT] };
}

/** A video file at its own speed, over and over. @param maxSidePx both sides fit into it; never enlarged. */
export function videoCommand(file: string, path: string, maxSidePx: number): CaptureCommand {
  const fit = `scale='min(iw,${maxSidePx})':'min(ih,${maxSidePx})':force_original_aspect_ratio=decrease`;
  const input = ['-re', '-stream_loop', '-1', '-i', path];
  return { file, args: [...QUIET, ...input, '-an', '-vf', `fps=${CAPTURE_FPS},${fit}`, ...ENCODE, ...TO_STDOUT] };
}
