import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { privacy } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { type Alert, alert } from '#shared/contract/speaker.ts';
import { ask } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import { testContext } from '#shared/lifecycle/test-context.ts';
import { privacyStore } from '#shared/privacy/privacy-store.ts';
import { startVision } from './service.ts';

let folder: string;
let stop: () => Promise<void>;
/** What the camera of another layer may show. */
const pictures: Record<string, Buffer> = {};

beforeAll(async () => {
  for (const colour of ['red', 'blue', 'black']) {
    const plain = sharp({ create: { width: 64, height: 48, channels: 3, background: colour } });
    pictures[colour] = await plain.jpeg().toBuffer();
  }
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vision-'));
  stop = () => Promise.resolve();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** Lets everything that is under way (sharp's threads, file reads) go on until there is something to find. */
async function until<Found>(look: () => Found | undefined | false): Promise<Found> {
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

async function start(environment: Record<string, string> = {}) {
  const settings = { CORTEX_STATE_DIR: folder, CORTEX_CAMERA: 'topic:annotated/frame', ...environment };
  const context = testContext(settings);
  const { hub, clock, meters } = context;
  const other = hub.bus();
  const frames: Uint8Array[] = [];
  const alerts: Alert[] = [];
  await other.subscribe(frame, ({ payload }) => frames.push(payload));
  await other.subscribe(alert, ({ payload }) => alerts.push(payload));
  const running = await startVision(context);
  stop = () => {
    const stopped = running.stop();
    clock.advance(1_000);
    return stopped;
  };
  const counted = (name: string) => meters.snapshot(0).counters[name] ?? 0;
  /** Other layers' frames come `periodMs` apart for `lengthMs`; resolves when each has been looked at. */
  async function show(colour: string, lengthMs: number, periodMs = 200): Promise<void> {
    for (let shownMs = 0; shownMs < lengthMs; shownMs += periodMs) {
      const looks = () => counted('framesPublished') + counted('framesUnchanged');
      const before = looks();
      hub.inject('annotated/frame', pictures[colour]!);
      await until(() => looks() > before);
      clock.advance(periodMs);
    }
  }
  return { ...context, other, frames, alerts, counted, show };
}

const colourOf = async (jpeg: Uint8Array) => (await sharp(jpeg).stats()).dominant;

describe('the vision service', () => {
  it('publishes the test picture with its capture time, and says that it is simulated', async () => {
    const { clock, uses, frames } = await start({ CORTEX_CAMERA: 'test' });
    clock.advance(0);
    await until(() => frames.length === 1);
    expect(captureTimeMs(frames[0]!)).toBe(clock.nowMs());
    expect(uses()).toContain('SIMULATED');
  });

  it('shows the pictures of a folder one after the other', async () => {
    writeFileSync(join(folder, '1.jpg'), pictures['red']!);
    writeFileSync(join(folder, '2.jpg'), pictures['blue']!);
    const { clock, frames } = await start({ CORTEX_CAMERA: `file:${folder}`, CORTEX_VIDEO_FPS: '5' });
    clock.advance(0);
    await until(() => frames.length === 1);
    clock.advance(200);
    await until(() => frames.length === 2);
    const [first, second] = await Promise.all(frames.map(colourOf));
    expect([first!.r > 200, second!.b > 200]).toEqual([true, true]);
  });

  it('refreshes an unchanged scene once a second and publishes a change at once', async () => {
    const { show, counted } = await start();
    await show('red', 3_000);
    expect(counted('framesPublishedAsFirst') + counted('framesPublishedAsRefresh')).toBe(3);
    await show('blue', 200);
    expect(counted('framesPublishedAsSudden')).toBe(1);
  });

  it('publishes every picture while somebody speaks, and the next one for a question about it', async () => {
    const { show, counted, other, clock } = await start();
    await show('red', 400);
    const utterance = { utterance: 7, probability: 0.9, speechMs: 60, at: clock.nowMs() };
    other.publish(speech, { ...utterance, state: 'possible' });
    await show('red', 1_000);
    expect(counted('framesPublishedAsAttentive')).toBe(5);
    other.publish(speech, { ...utterance, state: 'ended' });
    await show('red', 400);
    expect(counted('framesPublishedAsAttentive')).toBe(5);
    other.publish(ask, { id: '1', text: 'What is this?', withFrame: true });
    await show('red', 200);
    expect(counted('framesPublishedAsAttentive')).toBe(6);
  });

  it('tells a covered lens once', async () => {
    const { show, alerts } = await start();
    await show('red', 1_000);
    await show('black', 10_000);
    expect(alerts.map(({ text }) => text)).toEqual([expect.stringContaining('black')]);
  });

  it('withdraws the frame before it is two seconds old when the camera falls silent, says so, and sees again', async () => {
    const { show, frames, clock, uses, alerts, hub, counted } = await start();
    await show('red', 1_000);
    const takenAtMs = captureTimeMs(frames.at(-1)!)!;
    while (frames.at(-1)!.length > 0) {
      clock.advance(100);
      await Promise.resolve();
    }
    expect(clock.nowMs() - takenAtMs).toBeLessThan(2_000);
    await until(() => {
      clock.advance(100);
      return uses()?.includes('no picture');
    });
    expect(alerts).toEqual([]);
    clock.advance(8_200);
    await until(() => alerts.length === 1);
    const captured = counted('picturesCaptured');
    await until(() => {
      hub.inject('annotated/frame', pictures['red']!);
      clock.advance(50);
      return counted('picturesCaptured') > captured;
    });
    await until(() => frames.at(-1)!.length > 0);
    await until(() => alerts.length === 2);
    expect(alerts.map(({ text }) => text)).toEqual([
      'The camera does not work at the moment. I cannot see.',
      'The camera is back.',
    ]);
    expect(uses()).toBe('frames published on annotated/frame');
  });

  it('drops what is no picture and goes on', async () => {
    const { show, hub, counted } = await start();
    hub.inject('annotated/frame', pictures['red']!.subarray(0, 200));
    await until(() => counted('picturesUndecodable') === 1);
    await show('red', 200);
    expect(counted('framesPublished')).toBe(1);
  });
});

describe('privacy of the camera', () => {
  it('clears the retained frame and takes no picture until it is given back', async () => {
    const { show, other, frames, hub, clock, counted, uses } = await start();
    await show('red', 200);
    other.publish(privacy, { microphone: false, camera: true });
    await until(() => frames.at(-1)!.length === 0);
    expect(uses()).toBe('blocked by the user');
    const before = counted('picturesCaptured');
    hub.inject('annotated/frame', pictures['red']!);
    clock.advance(10_000);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(counted('picturesCaptured')).toBe(before);
    other.publish(privacy, { microphone: false, camera: false });
    await until(() => uses()?.includes('annotated'));
    await show('red', 200);
    expect(frames.at(-1)!.length).toBeGreaterThan(0);
  });

  it('does not let a picture through that was being encoded when the user blocked it', async () => {
    const { hub, other, frames } = await start();
    hub.inject('annotated/frame', pictures['red']!);
    other.publish(privacy, { microphone: false, camera: true });
    await until(() => frames.length > 0);
    for (let turns = 0; turns < 50; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(frames.every((jpeg) => jpeg.length === 0)).toBe(true);
  });

  it('is stored, and kept by the next process', async () => {
    const { other } = await start();
    other.publish(privacy, { microphone: false, camera: true });
    await until(() => privacyStore(folder).read().privacy.camera);
    await stop();
    const { clock, uses, counted, hub } = await start();
    hub.inject('annotated/frame', pictures['red']!);
    clock.advance(10_000);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(counted('picturesCaptured')).toBe(0);
    expect(uses()).toContain('blocked');
  });

  it('keeps the camera closed when nobody can tell what the user wanted', async () => {
    writeFileSync(privacyStore(folder).path, '{"microphone":fa');
    const { uses, other } = await start();
    expect(uses()).toContain('blocked');
    other.publish(privacy, { microphone: false, camera: false });
    await until(() => uses()?.includes('annotated'));
    expect(JSON.parse(readFileSync(privacyStore(folder).path, 'utf8'))).toEqual({ microphone: false, camera: false });
  });
});

describe('a reload', () => {
  it('hands the camera to the successor and leaves its frame alone', async () => {
    const { show, other, frames, clock, counted, hub } = await start();
    await show('red', 200);
    const successor = { pid: process.pid + 1, version: '0', startedAt: clock.nowMs() + 5 };
    other.publish(atTopic(status, { service: 'vision' }), { ...successor, state: 'online' });
    await new Promise<void>((resolve) => setImmediate(resolve));
    const before = counted('picturesCaptured');
    hub.inject('annotated/frame', pictures['red']!);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(counted('picturesCaptured')).toBe(before);
    await stop();
    expect(frames.at(-1)!.length).toBeGreaterThan(0);
  });

  it('takes the camera back when the successor does not live', async () => {
    const { show, other, clock, counted } = await start();
    const successor = { pid: process.pid + 1, version: '0', startedAt: clock.nowMs() + 5 };
    other.publish(atTopic(status, { service: 'vision' }), { ...successor, state: 'online' });
    other.publish(atTopic(status, { service: 'vision' }), { ...successor, state: 'offline' });
    await new Promise<void>((resolve) => setImmediate(resolve));
    await show('red', 200);
    expect(counted('framesPublished')).toBe(1);
  });
});
