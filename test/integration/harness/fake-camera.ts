import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/** A machine with a Raspberry Pi camera and a webcam, as far as the vision process can tell. */
export interface FakeCamera {
  /** For the vision process: the stand-in is found as rpicam-vid, and one around it as ffmpeg. */
  env(behaviour?: string): Record<string, string>;
  /** The program itself, for tests without a service. */
  file: string;
  /** Process number of whoever has the device; undefined where nobody has. */
  holder(): number | undefined;
  close(): void;
}

/** @param colours one picture of each is shown after the other, 1280×720. */
export async function createFakeCamera(colours: readonly string[] = ['red']): Promise<FakeCamera> {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-camera-'));
  const pictures = join(folder, 'pictures');
  const device = join(folder, 'device');
  const file = join(folder, 'rpicam-vid');
  mkdirSync(pictures);
  for (const [index, background] of colours.entries()) {
    const picture = sharp({ create: { width: 1280, height: 720, channels: 3, background } });
    await picture.jpeg().toFile(join(pictures, `${index}.jpg`));
  }
  const standIn = join(process.cwd(), 'test/fixtures/cameras/rpicam-stand-in.mjs');
  const run = `exec "${process.execPath}" "${standIn}"`;
  writeFileSync(file, `#!/bin/sh\n${run} "$@"\n`, { mode: 0o755 });
  // ffmpeg lists the formats of a webcam that makes JPEG, and copies its stream through.
  const list = `echo '[video4linux2,v4l2 @ 0x1] Compressed: mjpeg : Motion-JPEG : 1280x720' >&2; exit 1`;
  const stream = `${run} --codec mjpeg --output - --timeout 0 --framerate 12`;
  const ffmpeg = `#!/bin/sh\ncase "$*" in *list_formats*) ${list};; *"-c:v copy"*) ${stream};; esac\nexit 1\n`;
  writeFileSync(join(folder, 'ffmpeg'), ffmpeg, { mode: 0o755 });
  return {
    file,
    env: (behaviour = 'steady') => ({
      PATH: `${folder}:${process.env['PATH']}`,
      CORTEX_CAMERA: 'rpicam',
      FAKE_CAMERA: behaviour,
      FAKE_CAMERA_PICTURES: pictures,
      FAKE_CAMERA_DEVICE: device,
    }),
    holder() {
      const pid = readNumber(device);
      return pid !== undefined && isRunning(pid) ? pid : undefined;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // nobody has opened it yet
  }
}

/** A zombie has let go of everything. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Process numbers of the children of a process. */
export function childrenOf(parent: number): number[] {
  const isChild = new RegExp(`^PPid:\\s*${parent}$`, 'm');
  return processesWhere((pid) => isChild.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

/** How many processes work in the folder, whoever started them. */
export function processesIn(folder: string): number {
  return processesWhere((pid) => readlinkSync(`/proc/${pid}/cwd`) === folder).length;
}

function processesWhere(matches: (pid: number) => boolean): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return matches(pid);
    } catch {
      return false; // gone meanwhile, or not ours to look at
    }
  });
}
