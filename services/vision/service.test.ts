import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privacy } from '#shared/contract/control.ts';
import { frame } from '#shared/contract/vision.ts';
import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import { testContext } from '#shared/lifecycle/test-context.ts';
import { privacyStore } from '#shared/privacy/privacy-store.ts';
import { startVision } from './service.ts';

describe('the vision service', () => {
  let folder: string;
  let stop: () => Promise<void>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vision-'));
    stop = () => Promise.resolve();
  });
  afterEach(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });

  async function start(environment: Record<string, string>) {
    const context = testContext({ CORTEX_STATE_DIR: folder, ...environment });
    const other = context.hub.bus();
    const frames: Uint8Array[] = [];
    const arrivals: (() => void)[] = [];
    await other.subscribe(frame, ({ payload }) => {
      frames.push(payload);
      arrivals.shift()?.();
    });
    const running = await startVision(context);
    stop = () => {
      const stopped = running.stop();
      context.clock.advance(1_000);
      return stopped;
    };
    const nextFrame = () => new Promise<void>((resolve) => arrivals.push(resolve));
    return { ...context, other, frames, nextFrame };
  }

  it('publishes the test picture with its capture time, and says that it is simulated', async () => {
    const { clock, uses, frames, nextFrame } = await start({ CORTEX_CAMERA: 'test' });
    const arrived = nextFrame();
    clock.advance(0);
    await arrived;
    expect(captureTimeMs(frames[0]!)).toBe(clock.nowMs());
    expect(uses()).toContain('SIMULATED');
  });

  it('shows the pictures of a folder one after the other', async () => {
    for (const colour of ['red', 'blue']) {
      await sharp({ create: { width: 8, height: 8, channels: 3, background: colour } }).toFile(
        join(folder, `${colour}.png`),
      );
    }
    const { clock, frames, nextFrame } = await start({ CORTEX_CAMERA: `file:${folder}`, CORTEX_VIDEO_FPS: '5' });
    for (const stepMs of [0, 200]) {
      const arrived = nextFrame();
      clock.advance(stepMs);
      await arrived;
    }
    const dominant = await Promise.all(frames.map(async (jpeg) => (await sharp(jpeg).stats()).dominant));
    expect(dominant[0]!.b).toBeGreaterThan(200);
    expect(dominant[1]!.r).toBeGreaterThan(200);
  });

  it('clears the retained frame and takes no picture while the camera is blocked', async () => {
    const { clock, other, frames, nextFrame } = await start({ CORTEX_CAMERA: 'test' });
    const first = nextFrame();
    clock.advance(0);
    await first;
    const cleared = nextFrame();
    other.publish(privacy, { microphone: false, camera: true });
    await cleared;
    expect(frames.at(-1)).toHaveLength(0);
    clock.advance(10_000);
    await new Promise(setImmediate);
    expect(frames).toHaveLength(2);
    const again = nextFrame();
    other.publish(privacy, { microphone: false, camera: false });
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(0);
    await again;
    expect(frames.at(-1)!.length).toBeGreaterThan(0);
  });

  it('does not open a camera that was blocked before the restart', async () => {
    privacyStore(folder).write({ microphone: false, camera: true });
    const { clock, frames, uses } = await start({ CORTEX_CAMERA: 'test' });
    clock.advance(10_000);
    await new Promise(setImmediate);
    expect(frames.filter((jpeg) => jpeg.length > 0)).toEqual([]);
    expect(uses()).toContain('blocked');
  });

  it.each([['a file that is not there', 'file:/nowhere/at-all.jpg', 'check the path']])(
    'refuses %s with the setting’s name and the way out',
    async (_what, camera, advice) => {
      const failure = await start({ CORTEX_CAMERA: camera }).catch((error: Error) => error);
      expect(failure).toMatchObject({ code: 'configuration' });
      expect((failure as Error).message).toMatch(/CORTEX_CAMERA/);
      expect((failure as Error).message).toContain(advice);
    },
  );
});
