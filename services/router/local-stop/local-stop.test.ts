import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { microphonePcm, speech } from '#shared/contract/audio-in.ts';
import { testContext } from '#shared/lifecycle/test-context.ts';
import { offlineModel } from '#shared/offline-models/model-manifest.ts';
import { startLocalStop } from './local-stop.ts';

let folder = '';
let script = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-stop-'));
  script = join(folder, 'keyword-spotter.cjs');
  const here = import.meta.dirname;
  await build({
    entryPoints: [join(here, 'keyword-process.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    alias: { 'sherpa-onnx-node': join(here, 'stand-in-sherpa.fixture.ts') },
  });
  const model = join(folder, 'models', offlineModel('keywords').name);
  mkdirSync(model, { recursive: true });
  for (const part of ['encoder', 'decoder', 'joiner']) {
    writeFileSync(join(model, `${part}-epoch-12-avg-2-chunk-16-left-64.int8.onnx`), 'x');
  }
  writeFileSync(
    join(model, 'tokens.txt'),
    ['▁', ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((t, id) => `${t} ${id}\n`).join(''),
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('without a model there is nothing to start', async () => {
  const context = testContext({ CORTEX_STATE_DIR: folder, CORTEX_MODELS_DIR: join(folder, 'none') });
  expect(await startLocalStop(context, () => undefined, script)).toBeUndefined();
});

test('a keyword in a short utterance is heard as a stop, in a long one not', async () => {
  const context = testContext({ CORTEX_STATE_DIR: folder });
  const world = context.hub.bus();
  let heard = () => {};
  const stopHeard = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const heardIn: number[] = [];
  let spoken = 0;
  const end = await startLocalStop(
    context,
    () => {
      heardIn.push(spoken);
      heard();
    },
    script,
  );

  function say(utterance: number, speechMs: number): void {
    spoken = utterance;
    const samples = new Int16Array(320).fill(30_000);
    const frame = { sampleRateHz: 16_000, stream: utterance, timeUs: 0, resent: false };
    world.publish(microphonePcm, { ...frame, position: 0, first: true, last: false, samples });
    world.publish(microphonePcm, { ...frame, position: 320, first: false, last: true, samples: new Int16Array(0) });
    world.publish(speech, { utterance, state: 'ended', probability: 1, speechMs, at: 0 });
  }

  say(1, 5_000);
  say(2, 400);
  await stopHeard;
  expect(heardIn).toEqual([2]);
  expect(context.meters.snapshot(0).counters).toMatchObject({ localStops: 1 });
  await end?.();
});
