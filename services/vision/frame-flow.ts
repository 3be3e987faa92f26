import { messageOf } from '#shared/errors/cortex-error.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import type { Capture } from './camera.ts';
import { Latest } from './latest.ts';
import { type LensNews, OPEN_LENS, watchLens } from './lens-watch.ts';
import type { PictureProcessor } from './picture-processor.ts';
import { ATTENTIVE_MS, lookAt, noScene, type ScenePolicy } from './scene-change.ts';

export interface FrameFlowListener {
  /** A frame for the bus. */
  published(jpeg: Uint8Array, capturedAtMs: number): void;
  /** The camera delivered something that is a picture. */
  decoded(): void;
  /** The camera delivered something that is none. */
  undecodable(reason: string): void;
  lensChanged(news: LensNews): void;
}

export interface FrameFlow {
  offer(capture: Capture): void;
  /** Forgets the scene and whatever is on its way: nothing offered before is published afterwards. */
  reset(): void;
}

/** Without attention, pictures are looked at this far apart: often enough for a sudden change, seldom enough to be cheap. */
const LOOK_MS = 150;

/** Captures in, frames worth publishing out; one at a time, the latest first. */
export function frameFlow(
  { clock, meters, log }: Pick<ProcessContext, 'clock' | 'meters' | 'log'>,
  processor: PictureProcessor,
  policy: ScenePolicy,
  attentive: () => boolean,
  listener: FrameFlowListener,
): FrameFlow {
  let scene = noScene(Math.floor(clock.nowMs() / 1_000));
  let lens = OPEN_LENS;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let generation = 0;

  async function work(capture: Capture): Promise<void> {
    const mine = generation;
    const { cells, brightness } = await processor.glance(capture.picture);
    if (mine !== generation) return;
    listener.decoded();
    const watched = watchLens(lens, { atMs: capture.capturedAtMs, brightness });
    lens = watched.state;
    if (watched.news) listener.lensChanged(watched.news);

    const looked = lookAt(scene, { atMs: capture.capturedAtMs, cells, attentive: attentive() }, policy);
    if (!looked.publish) {
      scene = looked.state;
      meters.count('framesUnchanged');
      return;
    }
    const jpeg = await processor.encode(capture, looked.state.scene);
    if (mine !== generation) return;
    scene = looked.state;
    listener.published(jpeg, capture.capturedAtMs);
    meters.count('framesPublished');
    meters.count(`framesPublishedAs${looked.publish.replace(/^./, (first) => first.toUpperCase())}`);
    meters.count('frameBytesPublished', jpeg.length);
    meters.gauge('captureToBusMs', clock.nowMs() - capture.capturedAtMs);
  }

  const latest = new Latest<Capture>(
    (capture) =>
      work(capture).catch((error: unknown) => {
        meters.count('picturesUndecodable');
        const reason = messageOf(error);
        log.debug({ reason }, 'dropped a picture that cannot be decoded');
        listener.undecodable(reason);
        // The next one is looked at without waiting: there is nothing to show for the last look.
        lookedAtMs = Number.NEGATIVE_INFINITY;
      }),
    () => meters.count('picturesReplaced'),
  );

  return {
    offer(capture) {
      meters.count('picturesCaptured');
      if (capture.capturedAtMs - lookedAtMs < (attentive() ? ATTENTIVE_MS : LOOK_MS)) return;
      lookedAtMs = capture.capturedAtMs;
      latest.offer(capture);
    },
    reset() {
      generation += 1;
      latest.clear();
      scene = noScene(scene.scene + 1);
      lens = OPEN_LENS;
      lookedAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}
