import { privacy } from '#shared/contract/control.ts';
import { frame } from '#shared/contract/vision.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { privacyStore } from '#shared/privacy/privacy-store.ts';
import type { Capture, OpenCamera } from './camera.ts';
import { chooseCamera } from './choose-camera.ts';
import { Latest } from './latest.ts';
import { sharpProcessor } from './sharp-processor.ts';

const NO_FRAME = new Uint8Array(0);

/** Camera → JPEG → `vision/frame`, for as long as the user has not blocked it. */
export async function startVision(context: ServiceContext): Promise<Running> {
  const { settings, clock, meters, log, bus } = context;
  const frameMs = 1_000 / settings.videoFps;
  const camera = chooseCamera(settings.camera, { clock, periodMs: frameMs, frameMs });
  const processor = sharpProcessor({ maxSidePx: 768, jpegQuality: 70 });
  const store = privacyStore(settings.stateDir);
  const stored = store.read();
  if (stored.damaged) {
    log.error(
      { path: store.path, reason: stored.damaged },
      'privacy.json is damaged: the camera stays blocked until control/privacy says otherwise',
    );
  }
  let blocked = stored.privacy.camera;
  let open: OpenCamera | undefined;

  const pipeline = new Latest<Capture>(
    async (capture) => {
      try {
        const jpeg = await processor.encode(capture);
        if (!open) return;
        bus.publish(frame, jpeg);
        meters.count('framesPublished');
        meters.count('frameBytesPublished', jpeg.length);
        meters.gauge('captureToBusMs', clock.nowMs() - capture.capturedAtMs);
      } catch (error) {
        meters.count('framesUndecodable');
        log.debug({ reason: messageOf(error) }, 'dropped a picture that cannot be decoded');
      }
    },
    () => meters.count('framesReplaced'),
  );

  function openCamera(): void {
    open ??= camera?.open({
      captured(capture) {
        meters.count('framesCaptured');
        pipeline.offer(capture);
      },
      ended: (reason) => log.warn({ camera: camera.name, reason }, 'the camera ended'),
    });
    context.describe(camera?.name ?? 'off');
  }

  async function closeCamera(): Promise<void> {
    const closing = open;
    open = undefined;
    pipeline.clear();
    await closing?.close();
    bus.publish(frame, NO_FRAME);
  }

  const teardown = new Teardown();
  teardown.add(closeCamera);
  const unsubscribe = await bus.subscribe(privacy, ({ payload }) => {
    const changed = payload.camera !== blocked;
    blocked = payload.camera;
    if (changed && blocked) {
      log.info('camera blocked by the user');
      context.describe('blocked by the user');
      void closeCamera();
    } else if (changed) {
      log.info('camera allowed by the user');
      openCamera();
    }
    try {
      store.write(payload);
    } catch (error) {
      log.error(
        { path: store.path, reason: messageOf(error) },
        'the privacy choice cannot be stored: check the folder',
      );
    }
  });
  teardown.add(unsubscribe);
  if (blocked) context.describe('blocked by the user');
  else openCamera();
  return { stop: () => teardown.run() };
}
