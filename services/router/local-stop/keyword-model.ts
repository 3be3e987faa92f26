import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CortexError } from '#shared/errors/cortex-error.ts';

/** A streaming model made for keywords: 3.3 million parameters, English, Apache-2.0. Also the folder's name. */
export const KEYWORD_MODEL = 'sherpa-onnx-kws-zipformer-gigaspeech-3.3M-2024-01-01';
const NETWORK = 'epoch-12-avg-2-chunk-16-left-64';

export interface KeywordModel {
  folder: string;
  encoder: string;
  decoder: string;
  joiner: string;
  tokens: string;
}

/**
 * The model's files in `modelsDir`, or undefined where nobody has installed it.
 * Throws CortexError `keyword-model` that names a file which is missing or empty.
 */
export function findKeywordModel(modelsDir: string): KeywordModel | undefined {
  const folder = join(modelsDir, KEYWORD_MODEL);
  if (sizeOf(folder) === undefined) return undefined;
  const model: KeywordModel = {
    folder,
    encoder: join(folder, `encoder-${NETWORK}.int8.onnx`),
    decoder: join(folder, `decoder-${NETWORK}.int8.onnx`),
    joiner: join(folder, `joiner-${NETWORK}.int8.onnx`),
    tokens: join(folder, 'tokens.txt'),
  };
  for (const path of [model.encoder, model.decoder, model.joiner, model.tokens]) {
    const bytes = sizeOf(path);
    if (bytes) continue;
    const wrong = bytes === undefined ? 'is missing' : 'is empty';
    throw new CortexError('keyword-model', `${path} ${wrong}: unpack the model again, or delete ${folder}`);
  }
  return model;
}

/** One line of sherpa-onnx's keyword file for each phrase. Throws CortexError where the model has no tokens for it. */
export function keywordFile(model: KeywordModel, phrases: readonly string[]): string {
  const ids = readTokens(model.tokens);
  return phrases
    .map((phrase) => `${tokensOf(phrase, ids, model.tokens).join(' ')} @${phrase.replaceAll(' ', '_')}\n`)
    .join('');
}

/**
 * Byte-pair encoding as SentencePiece does it: of all neighbours that form a known token, the pair with the lowest id (the
 * one learnt first) is joined, until none is left. tokens.txt lists the tokens in the order they were learnt.
 */
function tokensOf(phrase: string, ids: ReadonlyMap<string, number>, path: string): string[] {
  const pieces = [
    ...phrase
      .toUpperCase()
      .split(' ')
      .map((word) => `▁${word}`)
      .join(''),
  ];
  for (;;) {
    let best: { index: number; id: number } | undefined;
    for (let index = 0; index + 1 < pieces.length; index += 1) {
      const id = ids.get(`${pieces[index]}${pieces[index + 1]}`);
      if (id !== undefined && (!best || id < best.id)) best = { index, id };
    }
    if (!best) break;
    pieces.splice(best.index, 2, `${pieces[best.index]}${pieces[best.index + 1]}`);
  }
  const unknown = pieces.find((piece) => !ids.has(piece));
  if (unknown === undefined) return pieces;
  throw new CortexError(
    'keyword-model',
    `${path} has no token "${unknown}" for the word "${phrase}": it is of another model`,
  );
}

function readTokens(path: string): Map<string, number> {
  const lines = readFileSync(path, 'utf8').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [token, id] = line.trim().split(/\s+/);
      return token && id !== undefined ? [[token, Number(id)] as const] : [];
    }),
  );
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
