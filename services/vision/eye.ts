import { randomUUID } from 'node:crypto';
import { type Alert, alert } from '#shared/contract/speaker.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { foundWords, lensWords, outageWords } from './announcements.ts';
import type { Camera } from './camera.ts';
import { CameraSupervisor } from './camera-supervisor.ts';
import { frameFlow } from './frame-flow.ts';
import { NO_OUTAGE, type OutageEvent, watchOutage } from './outage-watch.ts';
import type { PictureProcessor } from './picture-processor.ts';
import type { RetainedFrame } from './retained-frame.ts';

/** A camera, what becomes of its pictures, and what the user hears about it. */
export interface Eye {
  open(): void;
  /** Nothing taken before is published after this call; resolves when the device is free. */
  close(): Promise<void>;
  /** Closes for good. */
  stop(): Promise<void>;
}

/** @param attentive whether somebody speaks or asks at this moment. */
export function createEye(
  camera: Camera,
  context: ServiceContext,
  processor: PictureProcessor,
  retained: RetainedFrame,
  attentive: () => boolean,
): Eye {
  const { settings, clock, meters, log, bus } = context;
  let outage = NO_OUTAGE;
  /** Why the last picture could not be decoded, for the person who wonders why there is none. */
  let undecodable = '';
  /** `auto` may come to another camera. */
  let seenThrough: string | undefined;
  let decodedAtMs = Number.NEGATIVE_INFINITY;

  const policy = {
    frameMs: 1_000 / settings.videoFps,
    refreshMs: settings.sceneRefreshMs,
    thresholdPercent: settings.sceneThresholdPercent,
  };
  const flow = frameFlow(context, processor, policy, attentive, {
    published: (jpeg, capturedAtMs) => retained.show(jpeg, capturedAtMs),
    decoded() {
      decodedAtMs = clock.nowMs();
      supervisor.pictureDecoded();
    },
    undecodable(reason) {
      undecodable = `; ${reason}`;
    },
    lensChanged(news) {
      log.info({ news }, 'the brightness of the picture changed');
      announce(lensWords(news));
    },
  });
  const supervisor = new CameraSupervisor(camera, context, {
    captured: (capture) => flow.offer(capture),
    live() {
      context.describe(camera.name);
      if (camera.name !== seenThrough && seenThrough !== undefined) announce(foundWords());
      seenThrough = camera.name;
      stepOutage('live');
    },
    lost(reason) {
      flow.reset();
      context.describe(`${camera.name}: no picture (${reason}${undecodable}), trying again`);
      undecodable = '';
      stepOutage('lost');
    },
    ticked(atMs) {
      if (retained.expire(atMs, decodedAtMs)) meters.count('framesExpired');
      stepOutage('ticked');
    },
  });

  function stepOutage(type: OutageEvent['type']): void {
    const { state, news } = watchOutage(outage, { type, atMs: clock.nowMs() });
    outage = state;
    if (news) announce(outageWords(news));
  }

  function announce(words: Omit<Alert, 'id'> | undefined): void {
    if (words) bus.publish(alert, { id: randomUUID(), ...words });
  }

  function close(): Promise<void> {
    const released = supervisor.unwant();
    flow.reset();
    stepOutage('closed');
    return released;
  }

  return {
    open: () => supervisor.want(),
    close,
    async stop() {
      await close();
      await supervisor.stop();
    },
  };
}
