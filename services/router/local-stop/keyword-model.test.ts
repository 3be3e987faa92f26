import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findKeywordModel, KEYWORD_MODEL, keywordFile } from './keyword-model.ts';

let modelsDir = '';

beforeEach(() => {
  modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
});

afterEach(() => {
  rmSync(modelsDir, { recursive: true });
});

function install(tokens: string, leaveOut = ''): void {
  const folder = join(modelsDir, KEYWORD_MODEL);
  mkdirSync(folder);
  for (const part of ['encoder', 'decoder', 'joiner']) {
    if (part !== leaveOut) writeFileSync(join(folder, `${part}-epoch-12-avg-2-chunk-16-left-64.int8.onnx`), 'x');
  }
  writeFileSync(join(folder, 'tokens.txt'), tokens);
}

test('a model nobody installed is no error', () => {
  expect(findKeywordModel(modelsDir)).toBeUndefined();
});

test('a missing and an empty file are named', () => {
  install('▁ 1\n', 'joiner');
  expect(() => findKeywordModel(modelsDir)).toThrow(/joiner-.*\.onnx is missing/);
  rmSync(join(modelsDir, KEYWORD_MODEL), { recursive: true });
  install('');
  expect(() => findKeywordModel(modelsDir)).toThrow(/tokens\.txt is empty/);
});

test('words are cut into the tokens that were learnt first', () => {
  install('▁ 1\nS 2\nT 3\nO 4\nP 5\nTO 6\n▁S 7\nST 8\n▁STO 9\n');
  const model = findKeywordModel(modelsDir);
  expect(model && keywordFile(model, ['stop'])).toBe('▁STO P @stop\n');
});

test('a model without the letters is refused by name', () => {
  install('▁ 1\nS 2\n');
  const model = findKeywordModel(modelsDir);
  expect(() => model && keywordFile(model, ['stop it'])).toThrow(/tokens\.txt has no token "T"/);
});
