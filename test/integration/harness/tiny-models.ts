import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offlineModel } from '#shared/offline-models/model-manifest.ts';
import { FLOAT, INT32, INT64, type OnnxValue, onnxFile } from './onnx-file.ts';

/**
 * Models in the form of Moonshine and Kokoro that the real sherpa-onnx loads and runs, a kilobyte each: the recogniser hears
 * the same words in everything (five at most), the voice makes 10 ms of a level of its own out of every phoneme.
 */
export function installTinyModels(modelsDir: string, hears = 'volume up'): void {
  installRecogniser(join(modelsDir, offlineModel('recogniser').name), hears.split(' '));
  installVoice(join(modelsDir, offlineModel('voice').name));
}

const [BEGIN, END] = [1, 2];
/** Long enough for five tokens: the library expects six a second, at 384 samples a feature. */
const FEATURES = [1, 40, 4];

function installRecogniser(folder: string, words: readonly string[]): void {
  const vocabulary = ['<unk>', '<s>', '</s>', ...words.map((word) => `▁${word}`)];
  /** Each token's follower. */
  const followers = new Map(
    [BEGIN, ...words.map((_word, index) => index + 3)].map((token, index) => [token, index + 3]),
  );
  followers.set(words.length + 2, END);
  mkdirSync(folder, { recursive: true });
  const features: OnnxValue = { name: 'features', type: FLOAT, shape: FEATURES };
  const encoded: OnnxValue = { name: 'encoded', type: FLOAT, shape: FEATURES };
  const tokens: OnnxValue = { name: 'tokens', type: INT32, shape: [1, 1] };
  const length = (name: string): OnnxValue => ({ name, type: INT32, shape: [1] });
  const state = (name: string): OnnxValue => ({ name, type: FLOAT, shape: [1] });
  const logits: OnnxValue = { name: 'logits', type: FLOAT, shape: [1, 1, vocabulary.length] };
  const follower = { op: 'Gather', inputs: ['table', 'tokens'], outputs: ['logits'] };
  const table = {
    type: FLOAT,
    shape: [vocabulary.length, vocabulary.length],
    values: vocabulary.flatMap((_symbol, from) => vocabulary.map((_other, to) => (followers.get(from) === to ? 9 : 0))),
  };
  const write = (name: string, model: Parameters<typeof onnxFile>[0]) =>
    writeFileSync(join(folder, name), onnxFile(model));
  write('preprocess.onnx', {
    inputs: [{ name: 'audio', type: FLOAT, shape: [1, 'samples'] }],
    outputs: [features],
    nodes: [{ op: 'Identity', inputs: ['constant'], outputs: ['features'] }],
    constants: { constant: { type: FLOAT, shape: FEATURES, values: new Array<number>(160).fill(0) } },
  });
  write('encode.int8.onnx', {
    inputs: [features, length('featuresLength')],
    outputs: [encoded],
    nodes: [{ op: 'Identity', inputs: ['features'], outputs: ['encoded'] }],
  });
  write('uncached_decode.int8.onnx', {
    inputs: [tokens, encoded, length('sequenceLength')],
    outputs: [logits, state('state')],
    nodes: [follower, { op: 'Identity', inputs: ['zero'], outputs: ['state'] }],
    constants: { table, zero: { type: FLOAT, shape: [1], values: [0] } },
  });
  write('cached_decode.int8.onnx', {
    inputs: [tokens, encoded, length('sequenceLength'), state('state')],
    outputs: [logits, state('next')],
    nodes: [follower, { op: 'Identity', inputs: ['state'], outputs: ['next'] }],
    constants: { table },
  });
  writeFileSync(join(folder, 'tokens.txt'), vocabulary.map((symbol, index) => `${symbol} ${index}\n`).join(''));
}

const STYLE = [510, 1, 4];
const PHONEMES = [...' abcdefghijklmnopqrstuvwxyzæðŋɐɑɔəɚɛɜɡɪɹʃʊʌʒˈˌː.,!?'];

function installVoice(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const voice = onnxFile({
    inputs: [
      { name: 'tokens', type: INT64, shape: [1, 'count'] },
      { name: 'style', type: FLOAT, shape: [1, 4] },
      { name: 'speed', type: FLOAT, shape: [1] },
    ],
    outputs: [{ name: 'audio', type: FLOAT, shape: [1, 'samples'] }],
    nodes: [
      { op: 'Cast', inputs: ['tokens'], outputs: ['numbers'], attributes: { to: FLOAT } },
      { op: 'Mul', inputs: ['numbers', 'scale'], outputs: ['levels'] },
      { op: 'Tile', inputs: ['levels', 'repeats'], outputs: ['audio'] },
    ],
    constants: {
      scale: { type: FLOAT, shape: [1], values: [0.01] },
      repeats: { type: INT64, shape: [2], values: [1, 240] },
    },
    metadata: { sample_rate: '24000', n_speakers: '1', has_espeak: '1', voice: 'en-us', style_dim: STYLE.join() },
  });
  writeFileSync(join(folder, 'model.int8.onnx'), voice);
  writeFileSync(join(folder, 'voices.bin'), Buffer.alloc(510 * 4 * Float32Array.BYTES_PER_ELEMENT));
  writeFileSync(
    join(folder, 'tokens.txt'),
    ['$ 0', ...PHONEMES.map((one, index) => `${one} ${index + 1}`), ''].join('\n'),
  );
  symlinkSync(espeakData(), join(folder, 'espeak-ng-data'));
}

/** Kokoro's pronunciation data is espeak-ng's own. */
function espeakData(): string {
  const { stdout } = spawnSync('espeak-ng', ['--version'], { encoding: 'utf8' });
  const folder = /Data at: (.+)/.exec(stdout)?.[1]?.trim();
  if (!folder) throw new Error(`espeak-ng does not say where its data is: ${stdout}`);
  return folder;
}
