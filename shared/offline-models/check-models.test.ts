import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkModel, checkModels, RECORD_NAME } from './check-models.ts';
import { OFFLINE_MODELS, offlineModel } from './model-manifest.ts';

let modelsDir = '';
beforeEach(() => {
  modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
});
afterEach(() => rmSync(modelsDir, { recursive: true }));

const voice = offlineModel('voice');

function put(path: string, content: string): void {
  const file = join(modelsDir, voice.name, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function putAll(): void {
  for (const { path } of voice.files) put(path, 'twelve bytes');
}

it('knows a recogniser, a voice and a listener for "stop"', () => {
  expect(OFFLINE_MODELS.map(({ role }) => role)).toEqual(['recogniser', 'voice', 'keywords']);
});

it('takes models that nobody downloaded for absent, and says how to get them', async () => {
  const checks = await checkModels(modelsDir);
  expect(checks.map(({ state }) => state)).toEqual(['absent', 'absent', 'absent']);
  expect(checks[1]?.advice).toContain('npm run models -- --only voice');
});

it('takes a folder with every file for ready', async () => {
  putAll();
  expect(await checkModel(modelsDir, voice)).toMatchObject({ state: 'ready', problems: [] });
});

it('names the file that is missing', async () => {
  putAll();
  rmSync(join(modelsDir, voice.name, 'voices.bin'));
  const { state, problems, advice } = await checkModel(modelsDir, voice);
  expect(state).toBe('damaged');
  expect(problems).toEqual([`${join(modelsDir, voice.name, 'voices.bin')} is missing`]);
  expect(advice).toContain(`delete ${join(modelsDir, voice.name)}`);
});

it.each([
  ['', 'is empty'],
  ['half', 'is cut off: 4 of 12 bytes'],
  ['something quite different', 'is another file: 25 bytes instead of 12'],
])('names the file that is not what was downloaded: «%s»', async (content, words) => {
  putAll();
  put(RECORD_NAME, JSON.stringify({ files: { 'model.int8.onnx': { bytes: 12, sha256: '' } } }));
  put('model.int8.onnx', content);
  const { problems } = await checkModel(modelsDir, voice);
  expect(problems).toEqual([expect.stringContaining(`model.int8.onnx ${words}`)]);
});

it('prefers the size pinned in the manifest to the one recorded at the download', async () => {
  putAll();
  put(RECORD_NAME, JSON.stringify({ files: { 'tokens.txt': { bytes: 12, sha256: '' } } }));
  const pinned = { ...voice, files: voice.files.map((file) => ({ ...file, bytes: 100 })) };
  expect((await checkModel(modelsDir, pinned)).problems).toHaveLength(pinned.files.length);
});

it('does without a record that cannot be read', async () => {
  putAll();
  put(RECORD_NAME, '{"files":');
  expect((await checkModel(modelsDir, voice)).state).toBe('ready');
});
