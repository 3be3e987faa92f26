import { randomUUID } from 'node:crypto';
import { speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { type Privacy, privacy } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { alert } from '#shared/contract/speaker.ts';
import { ask } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { privacyStore } from '#shared/privacy/privacy-store.ts';
import { lensWords, outageWords } from './announcements.ts';
import { hearQuestion, hearSpeech, NO_ATTENTION } from './attention.ts';
import { CameraSupervisor } from './camera-supervisor.ts';
import { captureDevices } from './capture-devices.ts';
import { chooseCamera } from './choose-camera.ts';
import { frameFlow } from './frame-flow.ts';
import { NO_OUTAGE, type OutageEvent, watchOutage } from './outage-watch.ts';
import { RetainedFrame } from './retained-frame.ts';
import { sharpProcessor } from './sharp-processor.ts';

const BLOCKED = 'blocked by the user';
/** PM2 tells us to leave as soon as the successor is ready; the successor's own word may still be on its way. */
const SUCCESSOR_MS = 150;

/** Camera → JPEG → `vision/frame`, for as long as the user has not blocked it. */
export async function startVision(context: ServiceContext): Promise<Running> {
  const { settings, clock, log, bus } = context;
  const startedAtMs = clock.nowMs();
  const camera = await chooseCamera({ ...context, devices: captureDevices() });
  const name = camera?.name ?? 'off';
  const store = privacyStore(settings.stateDir);
  const stored = store.read();
  let blocked = stored.privacy.camera;
  /** In a reload the newer process has the device from the moment it says that it is there. */
  let succeeded = false;
  let attention = NO_ATTENTION;
  let outage = NO_OUTAGE;
  let decodedAtMs = Number.NEGATIVE_INFINITY;

  const retained = new RetainedFrame((jpeg) => bus.publish(frame, jpeg), startedAtMs);
  const processor = sharpProcessor({
    maxSidePx: settings.videoSizePx,
    jpegQuality: settings.videoQuality,
    rotation: settings.cameraRotation,
  });
  const policy = {
    frameMs: 1_000 / settings.videoFps,
    refreshMs: settings.sceneRefreshMs,
    thresholdPercent: settings.sceneThresholdPercent,
  };
  const flow = frameFlow(context, processor, policy, () => clock.nowMs() < attention.untilMs, {
    published: (jpeg, capturedAtMs) => retained.show(jpeg, capturedAtMs),
    decoded() {
      decodedAtMs = clock.nowMs();
      supervisor?.pictureDecoded();
    },
    lensChanged(news) {
      log.info({ news }, 'the brightness of the picture changed');
      announce(lensWords(news));
    },
  });
  const supervisor =
    camera &&
    new CameraSupervisor(camera, context, {
      captured: (capture) => flow.offer(capture),
      live() {
        context.describe(name);
        stepOutage('live');
      },
      lost(reason) {
        flow.reset();
        context.describe(`${name}: no picture (${reason}), trying again`);
        stepOutage('lost');
      },
      ticked(atMs) {
        if (retained.expire(atMs, decodedAtMs)) context.meters.count('framesExpired');
        stepOutage('ticked');
      },
    });

  function announce(words: ReturnType<typeof lensWords>): void {
    if (words) bus.publish(alert, { id: randomUUID(), ...words });
  }

  function stepOutage(type: OutageEvent['type']): void {
    const { state, news } = watchOutage(outage, { type, atMs: clock.nowMs() });
    outage = state;
    if (news) announce(outageWords(news));
  }

  /** Opens or closes the camera as the user and the successor have it. */
  async function obey(): Promise<void> {
    if (supervisor && !blocked && !succeeded) {
      context.describe(name);
      supervisor.want();
      return;
    }
    const released = supervisor?.unwant();
    flow.reset();
    stepOutage('closed');
    if (!succeeded) retained.clear();
    context.describe(camera && blocked ? BLOCKED : name);
    await released;
  }

  function setPrivacy(wanted: Privacy): void {
    const changed = wanted.camera !== blocked;
    blocked = wanted.camera;
    if (changed) {
      log.info({ blocked }, 'the user changed whether the camera may see');
      void obey();
    }
    try {
      store.write(wanted);
    } catch (error) {
      log.error(
        { path: store.path, reason: messageOf(error) },
        'what the user blocked cannot be stored and would not survive a restart: check CORTEX_STATE_DIR',
      );
    }
  }

  /** Two processes overlap in a reload; the one that leaves must not withdraw what the one that stays has published. */
  async function leave(): Promise<void> {
    const heard = new Promise<void>((resolve) => clock.after(SUCCESSOR_MS, resolve));
    await supervisor?.stop();
    flow.reset();
    if (!succeeded) await heard;
    if (!succeeded) retained.clear();
  }

  const teardown = new Teardown();
  teardown.add(() => supervisor?.stop());
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
        if (payload.withFrame !== false) attention = hearQuestion(attention, clock.nowMs());
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
