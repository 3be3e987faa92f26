import type { Bus } from '#shared/bus/bus.ts';
import { channel } from '#shared/contract/channel.ts';
import { jpeg } from '#shared/contract/codecs.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Camera } from './camera.ts';

/** An older picture is none of the present. */
const MAX_AGE_MS = 2_000;
/** Two clocks that differ by more than this do not tell an age. */
const MAX_AHEAD_MS = 500;
/** Whoever publishes seldom must not meet us waiting out a backoff. */
const RESUBSCRIBE_MS = 250;

/**
 * Frames another layer publishes below the prefix, annotated ones for instance. Their own EXIF capture time counts
 * where they have one, so that a slow annotator cannot make a picture younger than it is.
 */
export function topicCamera(topic: string, bus: Bus, clock: Clock, meters: Meters): Camera {
  const pictures = channel(topic, jpeg, { summary: 'Frames another layer publishes', qos: 0, publishers: [] });
  return {
    name: `frames published on ${topic}`,
    longestRetryMs: RESUBSCRIBE_MS,
    open(listener) {
      let closed = false;
      const subscribed = bus.subscribe(pictures, ({ payload, retained }) => {
        if (closed || payload.length === 0) return;
        const capturedAtMs = timeOf(payload, retained, clock.nowMs());
        if (capturedAtMs === undefined) meters.count('picturesTooOld');
        else listener.captured({ picture: { kind: 'file', bytes: payload }, capturedAtMs });
      });
      subscribed.catch((error: unknown) => {
        if (!closed) listener.ended(messageOf(error));
      });
      return {
        async close() {
          closed = true;
          // Not waited for: without a broker the confirmation would be a long time coming.
          subscribed.then(
            (unsubscribe) => unsubscribe(),
            () => undefined,
          );
        },
      };
    },
  };
}

/** Undefined where the picture is too old, or of unknown age because the broker kept it. */
function timeOf(payload: Uint8Array, retained: boolean, nowMs: number): number | undefined {
  const takenAtMs = captureTimeMs(payload);
  if (takenAtMs === undefined || takenAtMs > nowMs + MAX_AHEAD_MS) return retained ? undefined : nowMs;
  return nowMs - takenAtMs > MAX_AGE_MS ? undefined : Math.min(takenAtMs, nowMs);
}
