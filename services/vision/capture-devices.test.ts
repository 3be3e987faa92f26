import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureDevices } from './capture-devices.ts';

describe('the capture devices of a machine', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'video4linux-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function node(device: string, name: string, index: number): void {
    mkdirSync(join(folder, device));
    writeFileSync(join(folder, device, 'name'), `${name}\n`);
    writeFileSync(join(folder, device, 'index'), `${index}\n`);
  }

  function script(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  }

  it('find the webcam among the nodes of a Raspberry Pi’s own hardware', () => {
    node('video10', 'bcm2835-codec-decode', 0);
    node('video20', 'pispbe-input', 0);
    node('video0', 'rp1-cfe-csi2_ch0', 0);
    node('video9', 'HD Pro Webcam C920', 1);
    node('video8', 'HD Pro Webcam C920', 0);
    expect(captureDevices(folder).webcam()).toBe('/dev/video8');
  });

  it('find no webcam where there is none, or no video driver at all', () => {
    node('video19', 'rpivid', 0);
    expect(captureDevices(folder).webcam()).toBeUndefined();
    expect(captureDevices(join(folder, 'nowhere')).webcam()).toBeUndefined();
  });

  it('take the first program that is installed, whatever it thinks of being asked for its version', async () => {
    const failing = script('ffmpeg-like', 'exit 1');
    expect(await captureDevices(folder).installed(['/nowhere/rpicam-vid', failing])).toBe(failing);
    expect(await captureDevices(folder).installed(['/nowhere/rpicam-vid'])).toBeUndefined();
  });

  it.each([
    ['a camera', 'Available cameras\\n-----\\n0 : imx219 [3280x2464 10-bit RGGB] (/base/soc)', true],
    ['none', 'No cameras available!', false],
  ])('read from rpicam-vid that it has %s', async (_what, text, found) => {
    expect(await captureDevices(folder).hasRpicam(script('rpicam-vid', `printf '${text}\\n'`))).toBe(found);
  });

  it.each([
    ['JPEG', '[video4linux2,v4l2 @ 0x55] Compressed:       mjpeg :          Motion-JPEG : 640x480 1280x720', true],
    ['raw pictures only', '[video4linux2,v4l2 @ 0x55] Raw       :     yuyv422 :           YUYV 4:2:2 : 640x480', false],
  ])('read from ffmpeg’s list that a webcam makes %s', async (_what, text, makesJpeg) => {
    const file = script('ffmpeg', `echo '${text}' >&2; exit 1`);
    expect(await captureDevices(folder).makesJpeg({ file, args: [] })).toBe(makesJpeg);
  });
});
