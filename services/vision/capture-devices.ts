import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaptureCommand } from './process-camera.ts';

/** What the machine can take pictures with. */
export interface CaptureDevices {
  /** The first of these programs that is there, or undefined. */
  installed(files: readonly string[]): Promise<string | undefined>;
  /** Whether rpicam-vid knows of a camera. */
  hasRpicam(file: string): Promise<boolean>;
  /** The first webcam, e.g. `/dev/video0`, or undefined. */
  webcam(): string | undefined;
  /** Whether the V4L2 device delivers JPEG; false where it does not say. */
  makesJpeg(command: CaptureCommand): Promise<boolean>;
}

/** libcamera enumerates in well under a second; a program that takes longer hangs. */
const ASK_MS = 3_000;

/** Nodes of the Pi's own image pipeline and codecs: they appear as /dev/video* and are no cameras one could open. */
const NO_CAMERA = /bcm2835|rpi|pisp|rp1|unicam|codec|decoder|encoder/i;

export function captureDevices(videoFolder = '/sys/class/video4linux'): CaptureDevices {
  return {
    async installed(files) {
      for (const file of files) if ((await output(file, ['--version'])) !== undefined) return file;
      return undefined;
    },
    async hasRpicam(file) {
      // One line for each camera: `0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/…)`.
      return /^\s*\d+\s*:/m.test((await output(file, ['--list-cameras'])) ?? '');
    },
    webcam() {
      return videoNodes(videoFolder).find(({ name, index }) => index === 0 && !NO_CAMERA.test(name))?.device;
    },
    async makesJpeg({ file, args }) {
      return /Compressed:\s*mjpeg/.test((await output(file, args)) ?? '');
    },
  };
}

/** What the program says on both outputs, whatever its exit code; undefined where it cannot be started. */
function output(file: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, [...args], { timeout: ASK_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const cannotStart = error?.code === 'ENOENT' || error?.code === 'EACCES';
      resolve(cannotStart ? undefined : `${stdout}\n${stderr}`);
    });
  });
}

/** A webcam has several nodes; the one with index 0 delivers pictures, the others metadata. */
function videoNodes(folder: string): { device: string; name: string; index: number }[] {
  let nodes: string[];
  try {
    nodes = readdirSync(folder);
  } catch {
    return []; // no such folder: no video driver is loaded
  }
  return nodes
    .filter((node) => /^video\d+$/.test(node))
    .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
    .map((node) => ({
      device: `/dev/${node}`,
      name: firstLine(join(folder, node, 'name')),
      index: Number(firstLine(join(folder, node, 'index')) || '0'),
    }));
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return ''; // the device went away between the listing and now
  }
}
