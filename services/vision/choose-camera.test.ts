import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { CaptureDevices } from './capture-devices.ts';
import { chooseCamera } from './choose-camera.ts';
import { sharpProcessor } from './sharp-processor.ts';

interface Machine {
  programs?: string[];
  rpicam?: boolean;
  webcam?: string;
}

function choose(CORTEX_CAMERA: string, { programs = [], rpicam = false, webcam }: Machine = {}) {
  const devices: CaptureDevices = {
    installed: async (files) => files.find((file) => programs.includes(file)),
    hasRpicam: async () => rpicam,
    webcam: () => webcam,
    makesJpeg: async () => true,
  };
  return chooseCamera({
    settings: loadSettings({ CORTEX_CAMERA }),
    clock: manualClock(),
    meters: new Meters(),
    bus: new MemoryHub().bus(),
    devices,
    decode: sharpProcessor({ maxSidePx: 768, jpegQuality: 70, rotation: 0 }).glance,
  });
}

describe('the choice of the camera', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cameras-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each<[string, Machine, RegExp]>([
    [
      'the Pi’s camera first',
      { programs: ['rpicam-vid', 'ffmpeg'], rpicam: true, webcam: '/dev/video0' },
      /Raspberry Pi/,
    ],
    ['the Pi’s camera by the program’s old name', { programs: ['libcamera-vid'], rpicam: true }, /Raspberry Pi/],
    ['a webcam next', { programs: ['rpicam-vid', 'ffmpeg'], webcam: '/dev/video2' }, /webcam \/dev\/video2/],
    ['the test picture where ffmpeg is missing', { webcam: '/dev/video0' }, /SIMULATED/],
    ['the test picture on a bare machine', {}, /SIMULATED/],
  ])('is %s with auto', async (_what, machine, name) => {
    expect((await choose('auto', machine))?.name).toMatch(name);
  });

  it('is none with off', async () => {
    expect(await choose('off')).toBeUndefined();
  });

  it.each([
    ['v4l2:/dev/video7', 'webcam /dev/video7'],
    ['topic:annotated/frame', 'frames published on annotated/frame'],
    ['rpicam', 'Raspberry Pi camera'],
    ['file:/some/walk.mp4', 'video /some/walk.mp4'],
  ])('takes %s at its word', async (setting, name) => {
    const path = join(folder, 'walk.mp4');
    writeFileSync(path, '');
    const camera = await choose(setting.replace('/some', folder), { programs: ['ffmpeg', 'rpicam-vid'] });
    expect(camera?.name).toBe(name.replace('/some', folder));
  });

  it.each([
    ['rpicam', 'apt-get install rpicam-apps'],
    ['v4l2:/dev/video0', 'apt-get install ffmpeg'],
    ['topic:vision/frame', 'another layer'],
    ['topic:annotated/#', 'one topic'],
    ['file:/nowhere/at/all', 'check the path'],
  ])('refuses %s where it cannot be had, with the way out', async (setting, advice) => {
    const failure = await choose(setting).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'configuration', message: expect.stringContaining(advice) });
    expect((failure as Error).message).toContain(`CORTEX_CAMERA=${setting}`);
  });

  it('refuses a file that is no picture in spite of its name, and names it', async () => {
    const path = join(folder, 'picture.jpg');
    writeFileSync(path, 'this is text');
    await expect(choose(`file:${path}`)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(path),
    });
  });

  it('refuses a folder without pictures and a video without ffmpeg', async () => {
    await expect(choose(`file:${folder}`)).rejects.toThrow(/holds no picture/);
    writeFileSync(join(folder, 'walk.mp4'), '');
    await expect(choose(`file:${join(folder, 'walk.mp4')}`)).rejects.toThrow(/apt-get install ffmpeg/);
  });
});
