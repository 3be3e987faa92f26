import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import { transcript } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { installTinyKeywordModel } from './harness/tiny-keyword-model.ts';

const FRAME_SAMPLES = MICROPHONE_RATE_HZ / 50;
const JOINER = 'joiner-epoch-12-avg-2-chunk-16-left-64.int8.onnx';

let stack: TestStack;
let folder: string;
let modelsDir: string;

beforeEach(async () => {
  stack = await startTestStack();
  modelsDir = join(stack.stateDir, 'models');
  folder = installTinyKeywordModel(modelsDir);
});
afterEach(async () => {
  await stack?.close();
});

it('the real library hears a lone "stop" before any transcript, and none in a long sentence or in a quiet one', async () => {
  const router = await stack.start('router', { CORTEX_MODELS_DIR: modelsDir });
  await router.logged(({ msg }) => msg === 'listening for "stop" locally');
  const interrupts = await stack.watch(interrupt);
  const audioIn = stack.connect('audio-in');
  const microphone = await startPcmPublisher(
    audioIn,
    { pcm: microphonePcm, resend: microphoneResend },
    30 * MICROPHONE_RATE_HZ,
  );

  /** Noise as loud as given, then the end of the utterance. */
  function say(utterance: number, seconds: number, loudness: number): void {
    const frames = Math.round(seconds * 50);
    for (let index = 0; index <= frames; index += 1) {
      const last = index === frames;
      const samples = Int16Array.from({ length: last ? 0 : FRAME_SAMPLES }, () => loudness * (2 * Math.random() - 1));
      const place = { stream: utterance, position: index * FRAME_SAMPLES, first: index === 0, last };
      microphone.publish({ ...place, sampleRateHz: MICROPHONE_RATE_HZ, timeUs: 0, resent: false, samples });
    }
    audioIn.publish(speech, { utterance, state: 'ended', probability: 0, speechMs: seconds * 1_000, at: Date.now() });
  }

  say(1, 3, 20_000);
  say(2, 0.6, 1);
  say(3, 0.6, 20_000);
  expect(await interrupts.next(() => true)).toMatchObject({ source: 'voice-command' });
  say(4, 0.6, 20_000);
  await interrupts.next(() => interrupts.seen.length > 1);
  expect(interrupts.seen).toHaveLength(2);
  microphone.stop();
});

it.each([
  [
    'with an empty file',
    () => truncateSync(join(folder, JOINER), 0),
    'no local recognition of "stop"',
    () => `${join(folder, JOINER)} is empty`,
  ],
  [
    'that is cut off',
    () => {
      const files = { [JOINER]: { bytes: 9_999, sha256: '' } };
      writeFileSync(join(folder, 'downloaded.json'), JSON.stringify({ files }));
    },
    'no local recognition of "stop"',
    () => `${join(folder, JOINER)} is cut off`,
  ],
  [
    'that is no network',
    () => writeFileSync(join(folder, JOINER), 'this is no network'),
    'the keyword model cannot be used',
    () => folder,
  ],
])(
  'a keyword model %s is named in the log and costs only itself: the router goes on',
  async (_what, damage, msg, named) => {
    damage();
    const router = await stack.start('router', { CORTEX_MODELS_DIR: modelsDir });
    const told = await router.logged((entry) => entry.msg?.startsWith(msg) ?? false);
    expect(told.level).toBe(40);
    expect(JSON.stringify(told)).toContain(named());
    const interrupts = await stack.watch(interrupt);
    stack.bus.publish(transcript, { turn: 1, role: 'user', text: 'Stop.', final: true, at: Date.now() });
    expect(await interrupts.next(() => true)).toMatchObject({ source: 'voice-command' });
  },
);
