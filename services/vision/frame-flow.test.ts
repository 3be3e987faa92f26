import { describe, expect, it } from 'vitest';
import { testContext } from '#shared/lifecycle/test-context.ts';
import type { Capture } from './camera.ts';
import { frameFlow } from './frame-flow.ts';
import type { Glance, PictureProcessor } from './picture-processor.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const glance: Glance = { cells: new Uint8Array(768).fill(100), brightness: 100 };
const capture = (capturedAtMs: number): Capture => ({
  picture: { kind: 'file', bytes: new Uint8Array(1) },
  capturedAtMs,
});

/** A processor that finishes each step when the test says so. */
function slowProcessor() {
  const glances: ((seen: Glance) => void)[] = [];
  const encodings: { capturedAtMs: number; done(jpeg: Uint8Array): void; fail(error: Error): void }[] = [];
  const processor: PictureProcessor = {
    glance: () => new Promise((resolve) => glances.push(resolve)),
    encode: ({ capturedAtMs }) =>
      new Promise((done, fail) => {
        encodings.push({ capturedAtMs, done, fail });
      }),
  };
  return { processor, glances, encodings };
}

function flowing() {
  const slow = slowProcessor();
  const published: number[] = [];
  const context = testContext();
  const policy = { frameMs: 500, refreshMs: 1_000, thresholdPercent: 1.5 };
  const flow = frameFlow(context, slow.processor, policy, () => false, {
    published: (_jpeg, capturedAtMs) => published.push(capturedAtMs),
    decoded: () => undefined,
    undecodable: () => undefined,
    lensChanged: () => undefined,
  });
  return { ...slow, ...context, flow, published };
}

describe('the way from capture to frame', () => {
  it('publishes nothing of what was being looked at when it was reset', async () => {
    const { flow, glances, encodings, published } = flowing();
    flow.offer(capture(1_000));
    flow.reset();
    glances[0]!(glance);
    await settle();
    expect(encodings).toEqual([]);
    expect(published).toEqual([]);
  });

  it('publishes nothing of what was being encoded when it was reset', async () => {
    const { flow, glances, encodings, published } = flowing();
    flow.offer(capture(1_000));
    glances[0]!(glance);
    await settle();
    flow.reset();
    encodings[0]!.done(new Uint8Array(9));
    await settle();
    expect(published).toEqual([]);
  });

  it('goes on with the newest picture after a slow one, and holds no other', async () => {
    const { flow, glances, encodings, published, meters } = flowing();
    for (const atMs of [1_000, 1_200, 1_400, 1_600, 3_000]) flow.offer(capture(atMs));
    glances[0]!(glance);
    await settle();
    encodings[0]!.done(new Uint8Array(9));
    await settle();
    glances[1]!(glance);
    await settle();
    encodings[1]!.done(new Uint8Array(9));
    await settle();
    expect(published).toEqual([1_000, 3_000]);
    expect(glances).toHaveLength(2);
    expect(meters.snapshot(0).counters['picturesReplaced']).toBe(3);
  });

  it('does not believe that a frame is out which could not be encoded', async () => {
    const { flow, glances, encodings, published } = flowing();
    flow.offer(capture(1_000));
    glances[0]!(glance);
    await settle();
    encodings[0]!.fail(new Error('half a picture'));
    await settle();
    flow.offer(capture(1_100));
    glances[1]!(glance);
    await settle();
    encodings[1]!.done(new Uint8Array(9));
    await settle();
    expect(published).toEqual([1_100]);
  });

  it('looks at every other picture of ten a second while nobody asks', async () => {
    const { flow, glances, encodings } = flowing();
    for (let atMs = 1_000; atMs < 2_000; atMs += 100) {
      flow.offer(capture(atMs));
      glances.at(-1)?.(glance);
      await settle();
      encodings.at(-1)?.done(new Uint8Array(9));
      await settle();
    }
    expect(glances).toHaveLength(5);
  });
});
