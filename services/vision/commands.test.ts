import { describe, expect, it } from 'vitest';
import { listFormatsCommand, v4l2Command, videoCommand } from './ffmpeg-commands.ts';
import { rpicamCommand } from './rpicam-camera.ts';

const line = ({ file, args }: { file: string; args: readonly string[] }) => [file, ...args].join(' ');

describe('the capture commands', () => {
  it('ask rpicam-vid for MJPEG on standard output until stopped', () => {
    expect(line(rpicamCommand('rpicam-vid', 768, undefined))).toBe(
      'rpicam-vid --nopreview --timeout 0 --codec mjpeg --quality 85 --width 768 --height 432 --framerate 12 --flush --verbose 0 --output -',
    );
  });

  it('give way to the user’s rpicam options, because rpicam-vid refuses one that comes twice', () => {
    const { args } = rpicamCommand('rpicam-vid', 768, ' --camera 1  --width=640 --height 480 ');
    expect(args.join(' ')).toContain(
      '--framerate 12 --flush --verbose 0 --output - --camera 1 --width=640 --height 480',
    );
    expect(args.filter((word) => word.startsWith('--width'))).toEqual(['--width=640']);
    expect(args.filter((word) => word.startsWith('--height'))).toEqual(['--height']);
  });

  it('copy the JPEG of a webcam that makes it and encode for one that does not', () => {
    expect(line(v4l2Command('ffmpeg', '/dev/video2', true))).toMatch(
      /-input_format mjpeg .* -i \/dev\/video2 -c:v copy/,
    );
    const raw = line(v4l2Command('ffmpeg', '/dev/video2', false));
    expect(raw).not.toContain('-input_format');
    expect(raw).toContain('-i /dev/video2 -vf fps=12 -c:v mjpeg');
    expect(line(listFormatsCommand('ffmpeg', '/dev/video2'))).toContain('-list_formats all -i /dev/video2');
  });

  it('play a video at its own speed, over and over, and hand a path with blanks over as one word', () => {
    const { args } = videoCommand('ffmpeg', '/tmp/my walk.mp4', 768);
    expect(args).toContain('/tmp/my walk.mp4');
    expect(args.join(' ')).toMatch(/-re -stream_loop -1 -i/);
  });
});
