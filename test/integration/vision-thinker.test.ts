import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { alert } from '#shared/contract/speaker.ts';
import { session, turn } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import type { SimulatorState } from '../../simulator/control/state-report.ts';
import { createFakeCamera, type FakeCamera } from './harness/fake-camera.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

const RATE_HZ = 16_000;
const FRAME_SAMPLES = RATE_HZ / 50;
const isPicture = (jpeg: Uint8Array) => jpeg.length > 0;

let stack: TestStack;
let camera: FakeCamera;
afterEach(async () => {
  await stack.close();
  camera.close();
});

/** The camera, the thinker and the Gemini stand-in as processes of their own; the test plays the microphone. */
async function startEyesAndMind(): Promise<{ ask(seconds: number): Promise<void> }> {
  const sessions = await stack.watch(session);
  const turns = await stack.watch(turn);
  const frames = await stack.watch(frame);
  await stack.start('live-sim');
  await stack.start('vision', camera.env());
  await stack.start('thinker');
  await sessions.next(({ state }) => state === 'connected');
  await frames.next(isPicture);
  const microphone = stack.connect('audio-in');
  const pcm = await startPcmPublisher(microphone, { pcm: microphonePcm, resend: microphoneResend }, 30 * RATE_HZ);
  let utterance = Math.floor(Date.now() / 1_000);
  return {
    /** Speaks for so long, in real time, and resolves when the answer is over. */
    async ask(seconds) {
      await simulator('scenario', { turns: [{ reply: { kind: 'tone', seconds: 0.5 } }] });
      utterance += 1;
      const said = { utterance, probability: 0.9, speechMs: 250 };
      microphone.publish(speech, { ...said, state: 'possible', at: Date.now() });
      microphone.publish(speech, { ...said, state: 'started', at: Date.now() });
      const total = seconds * RATE_HZ;
      for (let position = 0; position < total; position += FRAME_SAMPLES) {
        const last = position + FRAME_SAMPLES >= total;
        const samples = new Int16Array(FRAME_SAMPLES).fill(1_000);
        const marks = { first: position === 0, last, resent: false };
        pcm.publish({
          sampleRateHz: RATE_HZ,
          stream: utterance,
          position,
          timeUs: Date.now() * 1_000,
          ...marks,
          samples,
        });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const me = utterance;
      microphone.publish(speech, { ...said, state: 'ended', speechMs: seconds * 1_000, at: Date.now() });
      await turns.next(({ utterance: of, state }) => of === me && state === 'done');
    },
  };
}

function simulator(what: string, order?: object): Promise<Response> {
  const url = `http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/${what}`;
  return fetch(url, order && { method: 'POST', body: JSON.stringify(order) });
}

async function seenByGemini() {
  const { sessions } = (await (await simulator('state')).json()) as SimulatorState;
  const [live] = sessions;
  if (!live) throw new Error('the thinker never connected');
  return { images: live.images, endedAtMs: live.activities.at(-1)?.endedAtMs ?? 0, remembers: live.remembers };
}

describe('what Gemini gets to see', () => {
  beforeEach(async () => {
    stack = await startTestStack();
    camera = await createFakeCamera();
  });

  it('of a still scene: two pictures a question, the last one newer than 300 ms at its end', async () => {
    const { ask } = await startEyesAndMind();
    const ages: number[] = [];
    let before = 0;
    for (const round of [1, 2, 3]) {
      await ask(3);
      const { images, endedAtMs } = await seenByGemini();
      expect(images - before, `pictures in question ${round}`).toBeLessThanOrEqual(3);
      expect(images - before).toBeGreaterThanOrEqual(1);
      before = images;
      const last = new Uint8Array(await (await simulator('image')).arrayBuffer());
      ages.push(endedAtMs - (captureTimeMs(last) ?? 0));
    }
    // The median, because a busy machine holds up the stand-in too.
    expect(ages.sort((one, other) => one - other)[1]).toBeLessThan(300);
  });

  it('after the camera has stalled: nothing, and it is told so', async () => {
    const { ask } = await startEyesAndMind();
    await ask(1);
    const seen = await seenByGemini();
    expect(seen.images).toBeGreaterThan(0);
    // The device stops in the middle of things, and opening it again finds nothing.
    rmSync(camera.env()['FAKE_CAMERA_PICTURES'] ?? '', { recursive: true });
    const withdrawn = await stack.watch(frame);
    process.kill(camera.holder() ?? 0, 'SIGSTOP');
    await withdrawn.next((jpeg) => jpeg.length === 0);
    await ask(1);
    const blind = await seenByGemini();
    expect(blind.images).toBe(seen.images);
    expect(JSON.stringify(blind.remembers.slice(seen.remembers.length))).toContain('you cannot see right now');
  });
});

describe('what the user hears of the camera', () => {
  it('is once that it shows only black', async () => {
    stack = await startTestStack();
    camera = await createFakeCamera(['black']);
    const alerts = await stack.watch(alert);
    const frames = await stack.watch(frame);
    await stack.start('vision', camera.env());
    await alerts.next(({ text }) => text?.includes('only black') === true);
    const seen = frames.seen.length;
    // Longer than it took to notice.
    while (frames.seen.length < seen + 5) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(alerts.seen).toHaveLength(1);
  });
});
