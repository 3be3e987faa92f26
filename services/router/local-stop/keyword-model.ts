import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { checkModel } from '#shared/offline-models/check-models.ts';
import { offlineModel } from '#shared/offline-models/model-manifest.ts';

export interface KeywordModel {
  folder: string;
  encoder: string;
  decoder: string;
  joiner: string;
  tokens: string;
}

/**
 * The model's files in `modelsDir`, or undefined where nobody has installed it.
 * Throws CortexError `keyword-model` that names each file which is missing, empty, cut off or another one.
 */
export async function findKeywordModel(modelsDir: string): Promise<KeywordModel | undefined> {
  const model = offlineModel('keywords');
  const { state, folder, problems, advice } = await checkModel(modelsDir, model);
  if (state === 'absent') return undefined;
  if (state === 'damaged') throw new CortexError('keyword-model', `${problems.join('; ')}; ${advice}`);
  function part(name: string): string {
    return join(folder, model.files.map(({ path }) => path).find((path) => basename(path).startsWith(name)) ?? name);
  }
  return { folder, encoder: part('encoder'), decoder: part('decoder'), joiner: part('joiner'), tokens: part('tokens') };
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
