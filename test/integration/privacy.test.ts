import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { loadCredentials } from '#shared/config/credentials.ts';
import { handover, level, microphonePcm } from '#shared/contract/audio-in.ts';
import { privacy } from '#shared/contract/control.ts';
import { alert } from '#shared/contract/speaker.ts';
import { ask, turn } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { INITIAL_STATE, next as nextDashboard } from '../../dashboard/state.ts';
import { earcon } from '../../services/speaker/alerts/earcons.ts';
import { findExcerpt } from './harness/correlation.ts';
import { createFakeCamera, type FakeCamera } from './harness/fake-camera.ts';
import type { RunningProcess } from './harness/processes.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import { Watched } from './harness/watched.ts';

/** A machine under load takes its time; what is waited for has no limit of its own. */
const EVENTUALLY = { timeout: 20_000 };
const ALIKE = 0.95;
const recorded = readWav(readFileSync('services/audio-in/assets/sample-question.wav')).samples;
/** A spoken question and the silence that ends it, as loud as 16 bits allow. */
const LOUD_QUESTION = Int16Array.from(recorded.subarray(0, 40_000), (sample) =>
  Math.max(-32_768, Math.min(32_767, sample * 3)),
);

/** What the simulator says of itself at /control/state, as far as privacy is concerned. */
interface SimulatorState {
  sessions: { images: number; activities: unknown[] }[];
}

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'], 'what the user has blocked, at the wire', () => {
  let card: VirtualSoundCard;
  let camera: FakeCamera;
  let folder: string;
  let stack: TestStack;
  let audioIn: RunningProcess;
  let vision: RunningProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-privacy-'));
    card = await createVirtualSoundCard();
    camera = await createFakeCamera(['red', 'green', 'blue']);
    const scenario = join(folder, 'short-answers.json');
    writeFileSync(scenario, JSON.stringify({ turns: [{ reply: { kind: 'tone', seconds: 0.3 } }] }));
    stack = await startTestStack({
      ...card.env,
      ...camera.env(),
      CORTEX_AUDIO_INPUT: 'portaudio',
      CORTEX_AUDIO_OUTPUT: 'auto',
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

  /** What the dashboard, opened now, holds of privacy: over WebSocket, as a guest. */
  async function onDashboard(): Promise<unknown> {
    const { guest } = loadCredentials({ stateDir: stack.stateDir, mqttUsername: undefined, mqttPassword: undefined });
    const page = await mqtt.connectAsync(`ws://127.0.0.1:${stack.httpPort}/mqtt`, { ...guest, protocolVersion: 4 });
    try {
      return await new Promise((resolve) => {
        page.on('message', (_topic, bytes) => {
          const payload = privacy.codec.decode(bytes);
          const shown = nextDashboard(INITIAL_STATE, { kind: 'privacy', payload, levels: {}, atMs: Date.now() });
          resolve(shown.latest.privacy);
        });
        void page.subscribeAsync('cortex/control/privacy', { qos: 1 });
      });
    } finally {
      await page.endAsync();
    }
  }

  it('a change is heard as an earcon, once and to its end, and shown on the dashboard', async ({ annotate }) => {
    const ready = earcon('ready', REPLY_RATE_HZ);
    const [recording, alerts] = [await card.record('speaker', REPLY_RATE_HZ), await stack.watch(alert)];
    for (const blocked of [true, false]) {
      const [from, before] = [recording.samples().length, alerts.seen.length];
      stack.bus.publish(privacy, { microphone: blocked, camera: blocked });
      // Until the sentence that follows is over, too.
      const heard = await recording.until((samples) => spoken(samples.subarray(from)));
      const parts = partsHeard(heard, ready);
      await annotate(`${blocked ? 'off' : 'on'}: heard ${parts.map((likeness) => likeness.toFixed(2)).join(' ')}`);
      // A machine under load may tear it twice; a tear costs the part at hand and perhaps the one behind it.
      expect(parts.filter((likeness) => likeness > ALIKE).length).toBeGreaterThanOrEqual(parts.length - 4);
      expect(alerts.seen.slice(before)).toHaveLength(1);
      expect(await onDashboard()).toEqual({ microphone: blocked, camera: blocked });
    }
    await recording.stop();
    await hearsAndSees();
  });

  it('broker and audio-in that die at the same moment come back with the microphone blocked', async () => {
    stack.bus.publish(privacy, { microphone: false, camera: false });
    await hearsAndSees();
    stack.bus.publish(privacy, { microphone: true, camera: false });
    const levels = await stack.watch(level);
    await expect
      .poll(
        () =>
          isQuietFor(
            levels.seen.map(({ payload }) => payload.at),
            1_000,
          ),
        EVENTUALLY,
      )
      .toBe(true);
    const before = await atSimulator();
    const sound = await stack.watch(microphonePcm);

    for (const first of ['broker', 'audio-in'] as const) {
      await Promise.all([stack.broker.end('SIGKILL'), audioIn.end('SIGKILL')]);
      const returns = {
        broker: () => stack.restartBroker(),
        'audio-in': async () => {
          audioIn = await stack.start('audio-in');
        },
      };
      const [one, other] = first === 'broker' ? (['broker', 'audio-in'] as const) : (['audio-in', 'broker'] as const);
      const back = returns[one]();
      await Promise.all([speak(), back, returns[other]()]);
      await speak();
      await askInText();
      expect(await onDashboard()).toEqual({ microphone: true, camera: false });
    }
    expect(sound.seen).toEqual([]);
    expect(await atSimulator()).toMatchObject({ soundBytes: before.soundBytes, activities: before.activities });

    stack.bus.publish(privacy, { microphone: false, camera: false });
    await hearsAndSees();
  }, 90_000);
});

/** How well each 40 ms of a sound are heard, one behind the other and torn apart by less than 100 ms. */
function partsHeard(recording: Int16Array, sound: Int16Array): number[] {
  const [length, slack] = [0.04 * REPLY_RATE_HZ, 0.1 * REPLY_RATE_HZ];
  let from = 0;
  let until = recording.length;
  return Array.from({ length: Math.floor(sound.length / length) }, (_unused, index) => {
    const part = sound.subarray(index * length, (index + 1) * length);
    const { offset, correlation } = findExcerpt(recording.subarray(from, until), part);
    if (correlation > ALIKE) {
      from += offset + length;
      until = from + slack;
    }
    until += length;
    return correlation;
  });
}

/** What has been recorded, once it holds more than a second of sound and then half a second of silence. */
function spoken(samples: Int16Array): Int16Array | undefined {
  const [second, half] = [REPLY_RATE_HZ, REPLY_RATE_HZ / 2];
  const first = samples.findIndex((sample) => sample !== 0);
  if (first < 0 || samples.length < first + second + half) return undefined;
  return samples.subarray(-half).every((sample) => Math.abs(sample) < 50) ? samples : undefined;
}

/** Nothing has come for so long. @param times Unix milliseconds. */
function isQuietFor(times: readonly number[], forMs: number): boolean {
  return Date.now() - (times.at(-1) ?? 0) > forMs;
}
