import type { Clock } from '#shared/time/clock.ts';
import type { Camera } from './camera.ts';

/** How often a machine without a camera is asked whether it has one now: reading one folder of /sys. */
const LOOK_MS = 3_000;

/**
 * Shows the stand-in until a camera is there, and that camera from then on: someone who plugs one in must not have to
 * restart anything.
 * @param look resolves with the camera that has appeared; must not reject.
 */
export function autoCamera(standIn: Camera, look: () => Promise<Camera | undefined>, clock: Clock): Camera {
  let found: Camera | undefined;
  return {
    get name() {
      return (found ?? standIn).name;
    },
    open(listener) {
      if (found) return found.open(listener);
      const shown = standIn.open(listener);
      let looking = false;
      let closing: Promise<void> | undefined;
      const cancel = clock.every(LOOK_MS, async () => {
        if (looking) return;
        looking = true;
        found = await look();
        looking = false;
        if (!found || closing) return;
        await close();
        listener.ended(`${found.name} has been plugged in`);
      });
      function close(): Promise<void> {
        cancel();
        closing ??= shown.close();
        return closing;
      }
      return { close };
    },
  };
}
