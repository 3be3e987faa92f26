import type { Camera as CameraSetting } from '#shared/config/devices.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Camera } from './camera.ts';
import { fileCamera, pictureFiles } from './file-camera.ts';
import { testCamera } from './test-camera.ts';

export interface CameraNeeds {
  clock: Clock;
  /** Time between two captures. */
  periodMs: number;
  /** Time between two published frames. */
  frameMs: number;
}

/** The camera the setting names, or undefined for `off`. Throws ConfigurationError for what cannot be had. */
export function chooseCamera(setting: CameraSetting, needs: CameraNeeds): Camera | undefined {
  switch (setting.kind) {
    case 'off':
      return undefined;
    case 'auto':
    case 'test':
      return testCamera(needs.clock, needs.periodMs);
    case 'file': {
      const files = pictureFiles(setting.path);
      if (!files) throw new ConfigurationError(`CORTEX_CAMERA=file:${setting.path} is no picture: use .jpg or .png`);
      return fileCamera(setting.path, files, needs.clock, { periodMs: needs.periodMs, showMs: needs.frameMs });
    }
    default:
      throw new ConfigurationError(`CORTEX_CAMERA=${setting.kind} is not there yet: use auto, test or file:PATH`);
  }
}
