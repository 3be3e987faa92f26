import type { Clock } from '#shared/time/clock.ts';
import type { Camera } from './camera.ts';
import { drawTestPicture } from './test-picture.ts';

/** The moving test picture, `periodMs` apart, the first one at once. */
export function testCamera(clock: Clock, periodMs: number): Camera {
  return {
    name: 'moving test picture (SIMULATED)',
    open(listener) {
      const take = () => {
        const capturedAtMs = clock.nowMs();
        listener.captured({ picture: drawTestPicture(capturedAtMs), capturedAtMs });
      };
      const cancelFirst = clock.after(0, take);
      const cancel = clock.every(periodMs, take);
      return {
        async close() {
          cancelFirst();
          cancel();
        },
      };
    },
  };
}
