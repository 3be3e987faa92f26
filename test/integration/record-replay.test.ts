import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { microphonePcm } from '#shared/contract/audio-in.ts';
import { privacy } from '#shared/contract/control.ts';
import { session, transcript, turn } from '#shared/contract/thinker.ts';
import { frame } from '#shared/contract/vision.ts';
import { speakUtterance } from './harness/speak-utterance.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { Watched } from './harness/watched.ts';

const BLOCKED = { microphone: true, camera: true };
const PICTURE = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x80]);
const SOUND = {
  sampleRateHz: 16_000,
  stream: 7,
  position: 0,
  timeUs: 1_000_000,
  first: true,
  last: true,
  resent: false,
  samples: Int16Array.from([1, -2, 30_000]),
};
const PAUSE_MS = 400;

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

/** Records a sentence, a pause, a sound and a picture. */
async function recordSomething(...options: string[]): Promise<string> {
  const stack = await startBroker();
  stack.bus.publish(privacy, BLOCKED);
  await (await stack.watch(privacy)).next(({ camera }) => camera);
  const recording = run(stack, 'record', file, ...options);
  await recording.until('Recording to');
  const sentence = { turn: 5, role: 'user', text: 'Grüße!', final: true, at: 1 } as const;
  stack.bus.publish(transcript, sentence);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const [sounds, pictures] = [await stack.watch(microphonePcm), await stack.watch(frame)];
  stack.bus.publish(microphonePcm, SOUND);
  stack.bus.publish(frame, PICTURE);
  await Promise.all([sounds.next(() => true), pictures.next(() => true)]);
  recording.interrupt();
  const { code, output } = await recording.exited;
  expect(code).toBe(0);
  return output;
}

it('what was recorded comes again: the same bytes, rhythm and retained values, but no privacy of another moment', async () => {
  const told = await recordSomething();
  expect(told).toContain("the user's voice");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const stack = await startBroker();
  const [said, sounds, blocked] = [
    await stack.watch(transcript),
    await stack.watch(microphonePcm),
    await stack.watch(privacy),
  ];
  const arrivals: number[] = [];
  await stack.bus.subscribe(transcript, () => arrivals.push(performance.now()));
  await stack.bus.subscribe(microphonePcm, () => arrivals.push(performance.now()));
  expect(await run(stack, 'replay', file).exited).toMatchObject({ code: 0 });
  expect(await said.next(() => true)).toMatchObject({ turn: 5, text: 'Grüße!' });
  expect(await sounds.next(() => true)).toEqual(SOUND);
  // A loaded machine may deliver a message late, so a tenth of the pause is left to it.
  expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(0.9 * PAUSE_MS);
  const late = await Watched.on(stack.connect('operator'), frame);
  expect(Buffer.from(await late.next(() => true))).toEqual(PICTURE);
  expect(blocked.seen).toEqual([]);
  expect(readFileSync(file, 'utf8')).toContain('control/privacy');
});

it('without voice, microphone and camera are not in the file; and a file is never overwritten', async () => {
  await recordSomething('--without-voice');
  const content = readFileSync(file, 'utf8');
  expect(content).toContain('Grüße!');
  expect(content).not.toContain('audio-in/pcm');
  expect(content).not.toContain('vision/frame');
  const again = await run(stacks[0] as TestStack, 'record', file).exited;
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('exists already') });
  expect(readFileSync(file, 'utf8')).toBe(content);
});

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
