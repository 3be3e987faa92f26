import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { microphonePcm } from '#shared/contract/audio-in.ts';
import { session, turn } from '#shared/contract/thinker.ts';
import { speakUtterance } from './harness/speak-utterance.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

let folder = '';
let file = '';
const stacks: TestStack[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'));
  file = join(folder, 'street.jsonl');
});
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.close();
  rmSync(folder, { recursive: true });
});

async function startBroker(): Promise<TestStack> {
  const stack = await startTestStack();
  stacks.push(stack);
  return stack;
}

/** Starts `npm run record` or `replay` as the script does. `until` resolves when it has printed a text. */
function run(stack: TestStack, ...args: string[]) {
  const env = { PATH: process.env['PATH'] ?? '', ...stack.env };
  const child = spawn(process.execPath, ['dist/cli.cjs', ...args], { env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit').then(([code]) => ({ code, output }));
  return {
    until: (text: string) => expect.poll(() => output, { timeout: 20_000 }).toContain(text),
    interrupt: () => child.kill('SIGINT'),
    exited,
  };
}

it('a recorded question, replayed, is answered by a stack started afresh', async () => {
  const before = await startBroker();
  const recording = run(before, 'record', file);
  await recording.until('Recording to');
  const sounds = await before.watch(microphonePcm);
  await speakUtterance(before);
  await sounds.next(({ last }) => last);
  recording.interrupt();
  expect((await recording.exited).code).toBe(0);

  const fresh = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null' });
  stacks.push(fresh);
  await fresh.start('live-sim');
  await Promise.all(['thinker', 'speaker'].map((name) => fresh.start(name)));
  await (await fresh.watch(session)).next(({ state }) => state === 'connected');
  const turns = await fresh.watch(turn);
  await run(fresh, 'replay', file, '--only', 'audio-in').exited;
  const asked = await turns.next(({ utterance }) => utterance !== undefined);
  expect(await turns.next(({ turn: number, state }) => number === asked.turn && state === 'done')).toBeDefined();
});
