import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { exifTime } from './exif-time.ts';
import { topicCamera } from './topic-camera.ts';

const NOW_MS = 1_790_000_000_000;
let plain: Buffer;
beforeAll(async () => {
  plain = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
});
const taken = (atMs: number) =>
  sharp(plain)
    .withExif({ IFD2: { ...exifTime(atMs) } })
    .jpeg()
    .toBuffer();

async function watch(kept?: Buffer) {
  const hub = new MemoryHub();
  if (kept) hub.inject('annotated/frame', kept, true);
  const captures: number[] = [];
  const meters = new Meters();
  const camera = topicCamera(
    'annotated/frame',
    hub.bus({ badPayload: () => undefined, listenerFailed: () => undefined }),
    manualClock(NOW_MS),
    meters,
  );
  const open = camera.open({
    captured: ({ capturedAtMs }) => captures.push(capturedAtMs),
    ended: (reason) => captures.push(reason.length),
  });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  await settle();
  return {
    captures,
    open,
    tooOld: () => meters.snapshot(0).counters['picturesTooOld'] ?? 0,
    async publish(bytes: Buffer) {
      hub.inject('annotated/frame', bytes);
      await settle();
      return captures;
    },
  };
}

describe('frames another layer publishes', () => {
  it('count from their arrival where they do not say when they were taken', async () => {
    expect(await (await watch()).publish(plain)).toEqual([NOW_MS]);
  });

  it('count from their own capture time where they have one', async () => {
    expect(await (await watch()).publish(await taken(NOW_MS - 400))).toEqual([NOW_MS - 400]);
  });

  it('are left out, and counted, when they are older than two seconds', async () => {
    const watched = await watch();
    expect(await watched.publish(await taken(NOW_MS - 2_500))).toEqual([]);
    expect(watched.tooOld()).toBe(1);
  });

  it('count from their arrival when their clock is ahead of ours', async () => {
    expect(await (await watch()).publish(await taken(NOW_MS + 60_000))).toEqual([NOW_MS]);
  });

  it('are of unknown age, and left out, when the broker kept them and they do not say', async () => {
    expect((await watch(plain)).captures).toEqual([]);
    expect((await watch(await taken(NOW_MS - 100))).captures).toEqual([NOW_MS - 100]);
  });

  it('are ignored when they are no JPEG or empty', async () => {
    const watched = await watch();
    await watched.publish(Buffer.from('a text'));
    expect(await watched.publish(Buffer.alloc(0))).toEqual([]);
  });

  it('are not heard any more once the camera is closed', async () => {
    const watched = await watch();
    await watched.open.close();
    expect(await watched.publish(plain)).toEqual([]);
  });
});
