import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { offlineModel } from '#shared/offline-models/model-manifest.ts';
import { findKeywordModel, keywordFile } from './keyword-model.ts';

const { name: KEYWORD_MODEL } = offlineModel('keywords');

let modelsDir = '';

beforeEach(() => {
  modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
});

afterEach(() => {
  rmSync(modelsDir, { recursive: true });
});

function install(tokens: string): void {
  const folder = join(modelsDir, KEYWORD_MODEL);
  mkdirSync(folder);
  for (const part of ['encoder', 'decoder', 'joiner']) {
    writeFileSync(join(folder, `${part}-epoch-12-avg-2-chunk-16-left-64.int8.onnx`), 'x');
  }
  writeFileSync(join(folder, 'tokens.txt'), tokens);
}

/** As the download script records what it unpacked. */
function recordSize(folder: string, path: string, bytes: number): void {
  writeFileSync(join(folder, 'downloaded.json'), JSON.stringify({ files: { [path]: { bytes, sha256: '' } } }));
}

test('a model nobody installed is no error', async () => {
  expect(await findKeywordModel(modelsDir)).toBeUndefined();
});

test.each([
  ['is missing', (file: string) => rmSync(file)],
  ['is empty', (file: string) => writeFileSync(file, '')],
  ['is cut off: 1 of 9 bytes', () => undefined],
])('a file that %s is named, with what to do', async (words, damage) => {
  install('▁ 1\n');
  const folder = join(modelsDir, KEYWORD_MODEL);
  const joiner = join(folder, 'joiner-epoch-12-avg-2-chunk-16-left-64.int8.onnx');
  if (words.includes('cut off')) recordSize(folder, basename(joiner), 9);
  damage(joiner);
  const attempt = findKeywordModel(modelsDir);
  await expect(attempt).rejects.toThrow(`${joiner} ${words}`);
  await expect(attempt).rejects.toThrow('npm run models -- --only keywords');
});

test('words are cut into the tokens that were learnt first', async () => {
  install('▁ 1\nS 2\nT 3\nO 4\nP 5\nTO 6\n▁S 7\nST 8\n▁STO 9\n');
  const model = await findKeywordModel(modelsDir);
  expect(model && keywordFile(model, ['stop'])).toBe('▁STO P @stop\n');
});

test('a model without the letters is refused by name', async () => {
  install('▁ 1\nS 2\n');
  const model = await findKeywordModel(modelsDir);
  expect(() => model && keywordFile(model, ['stop it'])).toThrow(/tokens\.txt has no token "T"/);
});
