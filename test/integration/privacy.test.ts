import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { handover, microphonePcm } from '#shared/contract/audio-in.ts';
import { privacy } from '#shared/contract/control.ts';
import { ask, turn } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import { createFakeCamera, type FakeCamera } from './harness/fake-camera.ts';
import type { RunningProcess } from './harness/processes.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import { Watched } from './harness/watched.ts';

const recorded = readWav(readFileSync('services/audio-in/assets/sample-question.wav')).samples;
/** A spoken question and the silence that ends it, as loud as 16 bits allow. */
const LOUD_QUESTION = Int16Array.from(recorded.subarray(0, 40_000), (sample) =>
  Math.max(-32_768, Math.min(32_767, sample * 3)),
);

/** What the simulator says of itself at /control/state, as far as privacy is concerned. */
interface SimulatorState {
  sessions: { images: number; activities: unknown[] }[];
}

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec'], 'what the user has blocked, at the wire', () => {
  let card: VirtualSoundCard;
  let camera: FakeCamera;
  let folder: string;
  let stack: TestStack;
  let audioIn: RunningProcess;
  let vision: RunningProcess;

  beforeAll(async () => {
    card = await createVirtualSoundCard();
    camera = await createFakeCamera(['red', 'green', 'blue']);
    folder = mkdtempSync(join(tmpdir(), 'cortex-privacy-'));
    const scenario = join(folder, 'short-answers.json');
    writeFileSync(scenario, JSON.stringify({ turns: [{ reply: { kind: 'tone', seconds: 0.3 } }] }));
    stack = await startTestStack({
      ...card.env,
      ...camera.env(),
      CORTEX_AUDIO_INPUT: 'portaudio',
      CORTEX_AUDIO_OUTPUT: 'null',
    });
    await stack.start('live-sim', { CORTEX_SIM_SCENARIO: scenario });
    await Promise.all(['thinker', 'router', 'speaker'].map((name) => stack.start(name)));
    [audioIn, vision] = await Promise.all([stack.start('audio-in'), stack.start('vision')]);
  });
  afterAll(async () => {
    await stack?.close();
    camera?.close();
    rmSync(folder, { recursive: true, force: true });
    await card?.close();
  });

  const speak = () => card.speak(LOUD_QUESTION, 16_000);

  async function atSimulator(): Promise<{ soundBytes: number; activities: number; images: number }> {
    const control = `http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control`;
    const { sessions } = (await (await fetch(`${control}/state`)).json()) as SimulatorState;
    const sound = await (await fetch(`${control}/audio`)).arrayBuffer();
    return {
      soundBytes: sound.byteLength,
      activities: sessions.reduce((sum, { activities }) => sum + activities.length, 0),
      images: sessions.reduce((sum, { images }) => sum + images, 0),
    };
  }

  /** Asks in text with a picture, and waits for the answer: whatever was on its way to the model has arrived then. */
  async function askInText(): Promise<void> {
    const turns = await stack.watch(turn);
    stack.bus.publish(ask, { id: `ask-${Date.now()}`, text: 'What do you see?', withFrame: true });
    const begun = await turns.next(({ state }) => state === 'thinking');
    await turns.next(({ turn: number, state }) => number === begun.turn && state === 'done');
  }

  async function keptPicture(): Promise<number> {
    const late = await Watched.on(stack.connect('operator'), frame);
    return late.seen.find(({ retained }) => retained)?.payload.length ?? 0;
  }

  async function hearsAndSees(): Promise<void> {
    const [turns, frames, before] = [await stack.watch(turn), await stack.watch(frame), await atSimulator()];
    await frames.next((jpeg) => jpeg.length > 0);
    await speak();
    const asked = await turns.next(({ state, utterance }) => state === 'listening' && utterance !== undefined);
    await turns.next(({ turn: number, state }) => number === asked.turn && state === 'done');
    const after = await atSimulator();
    expect(after.soundBytes - before.soundBytes).toBeGreaterThan(16_000);
    expect(after.images).toBeGreaterThan(before.images);
  }

  it('not one byte of sound or picture leaves, whatever is killed meanwhile; allowed again, both do', async () => {
    await hearsAndSees();

    const frames = await stack.watch(frame);
    stack.bus.publish(privacy, { microphone: true, camera: true });
    await frames.next((jpeg) => jpeg.length === 0);
    await expect.poll(camera.holder).toBeUndefined();
    const [sound, handovers, pictures] = [
      await stack.watch(microphonePcm),
      await stack.watch(handover),
      await stack.watch(frame),
    ];
    const before = await atSimulator();

    // First what still remembers the question asked before: a broker that comes back, and a reload.
    await Promise.all([speak(), stack.broker.end('SIGKILL').then(() => stack.restartBroker())]);
    await askInText();
    const predecessor = audioIn;
    await Promise.all([
      speak(),
      stack.start('audio-in').then((successor) => {
        audioIn = successor;
        return predecessor.end();
      }),
    ]);
    await Promise.all([
      speak(),
      audioIn.end('SIGKILL').then(async () => {
        audioIn = await stack.start('audio-in');
      }),
      vision.end('SIGKILL').then(async () => {
        vision = await stack.start('vision');
      }),
    ]);
    await speak();
    // The answer ends long after the sound, so whatever was on its way to the simulator has arrived.
    await askInText();

    expect(sound.seen).toEqual([]);
    expect(
      handovers.seen.map(({ payload }) => (payload.state === 'left' ? payload.samples.length : 0)).filter(Boolean),
    ).toEqual([]);
    expect(pictures.seen.filter(({ payload }) => payload.length > 0)).toEqual([]);
    expect(await keptPicture()).toBe(0);
    expect(camera.holder()).toBeUndefined();
    expect(await atSimulator()).toEqual(before);

    stack.bus.publish(privacy, { microphone: false, camera: false });
    await hearsAndSees();
  }, 90_000);
});
