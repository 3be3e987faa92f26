import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { interrupt } from '#shared/contract/control.ts';
import { transcript } from '#shared/contract/thinker.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

const MODEL = 'sherpa-onnx-kws-zipformer-gigaspeech-3.3M-2024-01-01';
let stack: TestStack;

afterEach(async () => {
  await stack?.close();
});

/** Every letter as a token of its own: enough for the keywords to be spelled, not for the model to load. */
function installModel(modelsDir: string): void {
  const folder = join(modelsDir, MODEL);
  mkdirSync(folder, { recursive: true });
  for (const part of ['encoder', 'decoder', 'joiner']) {
    writeFileSync(join(folder, `${part}-epoch-12-avg-2-chunk-16-left-64.int8.onnx`), 'this is no network');
  }
  const letters = ['<blk>', '▁', ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  writeFileSync(join(folder, 'tokens.txt'), letters.map((letter, id) => `${letter} ${id}\n`).join(''));
}

it('a damaged keyword model is named in the log and costs only itself: the router goes on', async () => {
  stack = await startTestStack();
  const modelsDir = join(stack.stateDir, 'models');
  installModel(modelsDir);
  const router = await stack.start('router', { CORTEX_MODELS_DIR: modelsDir });
  const told = await router.logged(({ msg }) => msg?.startsWith('the keyword model cannot be used') ?? false);
  expect(told).toMatchObject({ level: 40, folder: join(modelsDir, MODEL) });
  const interrupts = await stack.watch(interrupt);
  stack.bus.publish(transcript, { turn: 1, role: 'user', text: 'Stop.', final: true, at: Date.now() });
  expect(await interrupts.next(() => true)).toMatchObject({ source: 'voice-command' });
});
