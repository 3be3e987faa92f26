import { speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { type Privacy, privacy } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { ask } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { privacyStore, rememberPrivacy } from '#shared/privacy/privacy-store.ts';
import { hearQuestion, hearSpeech, NO_ATTENTION } from './attention.ts';
import { captureDevices } from './capture-devices.ts';
import { chooseCamera } from './choose-camera.ts';
import { createEye } from './eye.ts';
import { RetainedFrame } from './retained-frame.ts';
import { sharpProcessor } from './sharp-processor.ts';

/** PM2 tells us to leave as soon as the successor is ready; the successor's own word may still be on its way. */
const SUCCESSOR_MS = 150;

/** Camera → JPEG → `vision/frame`, for as long as the user has not blocked it. */
export async function startVision(context: ServiceContext): Promise<Running> {
  const { settings, clock, log, bus } = context;
  const startedAtMs = clock.nowMs();
  const processor = sharpProcessor({
    maxSidePx: settings.videoSizePx,
    jpegQuality: settings.videoQuality,
    rotation: settings.cameraRotation,
  });
  const camera = await chooseCamera({ ...context, devices: captureDevices(), decode: processor.glance });
  const retained = new RetainedFrame((jpeg) => bus.publish(frame, jpeg), startedAtMs);
  const eye = camera && createEye(camera, context, processor, retained, () => clock.nowMs() < attention.untilMs);
  const store = privacyStore(settings.stateDir);
  const stored = store.read();
  let blocked = stored.privacy.camera;
  /** In a reload the newer process has the device from the moment it says that it is there. */
  let succeeded = false;
  let attention = NO_ATTENTION;

  /** Opens or closes the camera as the user and the successor have it. */
  async function obey(): Promise<void> {
    context.describe(camera ? (blocked ? 'blocked by the user' : camera.name) : 'off');
    if (eye && !blocked && !succeeded) {
      eye.open();
      return;
    }
    const closed = eye?.close();
    if (!succeeded) retained.clear();
    await closed;
  }

  function setPrivacy(wanted: Privacy): void {
    const changed = wanted.camera !== blocked;
    blocked = wanted.camera;
    if (changed) {
      log.info({ blocked }, 'the user changed whether the camera may see');
      void obey();
    }
    rememberPrivacy(store, wanted, log);
  }

  /** Two processes overlap in a reload; the one that leaves must not withdraw what the one that stays has published. */
  async function leave(): Promise<void> {
    const heard = new Promise<void>((resolve) => clock.after(SUCCESSOR_MS, resolve));
    await eye?.stop();
    if (!succeeded) await heard;
    if (!succeeded) retained.clear();
  }

  const teardown = new Teardown();
  teardown.add(() => eye?.stop());
  try {
    if (stored.damaged) {
      log.error(
        { path: store.path, reason: stored.damaged },
        'cannot tell whether the user blocked the camera, so it stays closed until control/privacy says otherwise',
      );
    }
    // Before the device is opened: the broker may remember a choice that this machine's file does not.
    teardown.add(await bus.subscribe(privacy, ({ payload }) => setPrivacy(payload)));
    teardown.add(
      await bus.subscribe(speech, ({ payload }) => {
        attention = hearSpeech(attention, payload, clock.nowMs());
      }),
    );
    teardown.add(
      await bus.subscribe(ask, ({ payload }) => {
        if (payload.withFrame) attention = hearQuestion(attention, clock.nowMs());
      }),
    );
    teardown.add(
      await bus.subscribe(atTopic(status, { service: 'vision' }), ({ payload }) => {
        if (payload.pid === process.pid || payload.startedAt <= startedAtMs) return;
        const was = succeeded;
        succeeded = payload.state === 'online';
        if (succeeded !== was) void obey();
      }),
    );
    teardown.add(leave);
    await obey();
  } catch (error) {
    await teardown.run();
    throw error;
  }
  return { stop: () => teardown.run() };
}
