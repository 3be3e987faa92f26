import type { Bus } from '#shared/bus/bus.ts';
import type { Settings } from '#shared/config/settings.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import { autoCamera } from './auto-camera.ts';
import type { Camera, Picture } from './camera.ts';
import type { CaptureDevices } from './capture-devices.ts';
import { listFormatsCommand, v4l2Command, videoCommand } from './ffmpeg-commands.ts';
import { checkPicture, fileCamera, pictureFiles } from './file-camera.ts';
import { processCamera } from './process-camera.ts';
import { rpicamCommand } from './rpicam-camera.ts';
import { testCamera } from './test-camera.ts';
import { topicCamera } from './topic-camera.ts';

export interface CameraNeeds extends Pick<ProcessContext, 'clock' | 'meters'> {
  settings: Pick<Settings, 'camera' | 'videoFps' | 'videoSizePx' | 'rpicamArguments'>;
  bus: Bus;
  devices: CaptureDevices;
  /** Rejects where the picture cannot be decoded. */
  decode(picture: Picture): Promise<unknown>;
}

const RPICAM = ['rpicam-vid', 'libcamera-vid'];
const FFMPEG = ['ffmpeg'];
/** Sources that make their own pictures take one this often: what is published during speech is then younger than 300 ms. */
const PERIOD_MS = 200;

/** The camera the setting names, or undefined for `off`. Throws ConfigurationError for what no waiting can bring. */
export async function chooseCamera(needs: CameraNeeds): Promise<Camera | undefined> {
  const { settings, clock } = needs;
  const { camera } = settings;
  switch (camera.kind) {
    case 'off':
      return undefined;
    case 'auto':
      return (await anyCamera(needs)) ?? autoCamera(testCamera(clock, PERIOD_MS), () => pluggedIn(needs), clock);
    case 'test':
      return testCamera(clock, PERIOD_MS);
    case 'rpicam':
      return rpicam(needs, await program(needs, RPICAM, 'CORTEX_CAMERA=rpicam', 'rpicam-apps'));
    case 'v4l2':
      return webcam(
        needs,
        camera.device,
        await program(needs, FFMPEG, `CORTEX_CAMERA=v4l2:${camera.device}`, 'ffmpeg'),
      );
    case 'topic':
      return topicCamera(foreignTopic(camera.topic), needs.bus, clock, needs.meters);
    case 'file': {
      const files = pictureFiles(camera.path);
      const showMs = 1_000 / settings.videoFps;
      if (files?.[0]) {
        await checkPicture(files[0], needs.decode);
        return fileCamera(camera.path, files, clock, { periodMs: PERIOD_MS, showMs });
      }
      const ffmpeg = await program(needs, FFMPEG, `CORTEX_CAMERA=file:${camera.path} (a video)`, 'ffmpeg');
      return processCamera(
        `video ${camera.path}`,
        () => videoCommand(ffmpeg, camera.path, settings.videoSizePx),
        needs,
      );
    }
  }
}

/** The Pi's own camera before a webcam; undefined where there is neither. */
async function anyCamera(needs: CameraNeeds): Promise<Camera | undefined> {
  const vid = await needs.devices.installed(RPICAM);
  if (vid && (await needs.devices.hasRpicam(vid))) return rpicam(needs, vid);
  const device = needs.devices.webcam();
  const ffmpeg = device && (await needs.devices.installed(FFMPEG));
  return ffmpeg ? webcam(needs, device, ffmpeg) : undefined;
}

/** Only webcams come while the machine runs; and asking libcamera again and again would cost too much. */
async function pluggedIn(needs: CameraNeeds): Promise<Camera | undefined> {
  return needs.devices.webcam() ? anyCamera(needs) : undefined;
}

function rpicam(needs: CameraNeeds, file: string): Camera {
  const { videoSizePx, rpicamArguments } = needs.settings;
  return processCamera('Raspberry Pi camera', () => rpicamCommand(file, videoSizePx, rpicamArguments), needs);
}

function webcam(needs: CameraNeeds, device: string, file: string): Camera {
  // Asked at each opening: it may be another camera that was plugged in.
  const command = async () =>
    v4l2Command(file, device, await needs.devices.makesJpeg(listFormatsCommand(file, device)));
  return processCamera(`webcam ${device}`, command, needs);
}

async function program(needs: CameraNeeds, files: readonly string[], setting: string, debian: string): Promise<string> {
  const file = await needs.devices.installed(files);
  if (file) return file;
  throw new ConfigurationError(`${setting} needs ${files[0]}: apt-get install ${debian}, or set CORTEX_CAMERA=auto`);
}

/** Throws for our own topics (a picture that feeds itself) and for filters. */
function foreignTopic(topic: string): string {
  const ours = ALL_CHANNELS.some((channel) => channel.topic === topic);
  if (!ours && /^[^/+#\0]+(\/[^/+#\0]+)*$/.test(topic)) return topic;
  throw new ConfigurationError(
    `CORTEX_CAMERA=topic:${topic} must name one topic below the prefix that another layer publishes on`,
  );
}
