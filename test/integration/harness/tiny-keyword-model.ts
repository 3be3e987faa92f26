import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offlineModel } from '#shared/offline-models/model-manifest.ts';
import { FLOAT, INT64, type OnnxValue, onnxFile } from './onnx-file.ts';

/** Blank, the one word the model hears, the pieces it is joined from, and all letters, so that every keyword can be spelled. */
const TOKENS = ['<blk>', '▁STOP', '▁S', '▁ST', '▁STO', '▁', ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const MEL_BANDS = 80;
const CHUNK_FRAMES = 8;
const CONTEXT = 2;

/**
 * A streaming transducer of a kilobyte that the real sherpa-onnx loads and runs: it hears "stop" in whatever is loud, and
 * nothing in silence. Returns its folder.
 */
export function installTinyKeywordModel(modelsDir: string): string {
  const { name, files } = offlineModel('keywords');
  const folder = join(modelsDir, name);
  mkdirSync(folder, { recursive: true });
  const write = (part: string, model: Parameters<typeof onnxFile>[0]) =>
    writeFileSync(join(folder, files.find(({ path }) => path.startsWith(part))?.path ?? part), onnxFile(model));
  const state = (label: string): OnnxValue => ({ name: label, type: FLOAT, shape: [1, 'batch', 1] });
  // Loudness: the mean of the logarithmic mel bands, about -16 in silence and above 0 in loud noise.
  write('encoder', {
    inputs: [{ name: 'x', type: FLOAT, shape: ['batch', CHUNK_FRAMES, MEL_BANDS] }, state('h'), state('c')],
    outputs: [{ name: 'encoded', type: FLOAT, shape: ['batch', CHUNK_FRAMES, 1] }, state('next_h'), state('next_c')],
    nodes: [
      { op: 'MatMul', inputs: ['x', 'mean'], outputs: ['encoded'] },
      { op: 'Identity', inputs: ['h'], outputs: ['next_h'] },
      { op: 'Identity', inputs: ['c'], outputs: ['next_c'] },
    ],
    constants: {
      mean: { type: FLOAT, shape: [MEL_BANDS, 1], values: new Array<number>(MEL_BANDS).fill(1 / MEL_BANDS) },
    },
    metadata: {
      model_type: 'lstm',
      num_encoder_layers: '1',
      T: String(CHUNK_FRAMES),
      decode_chunk_len: String(CHUNK_FRAMES),
      rnn_hidden_size: '1',
      d_model: '1',
    },
  });
  write('decoder', {
    inputs: [{ name: 'y', type: INT64, shape: ['batch', CONTEXT] }],
    outputs: [{ name: 'decoded', type: FLOAT, shape: ['batch', 1] }],
    nodes: [
      { op: 'Cast', inputs: ['y'], outputs: ['numbers'], attributes: { to: FLOAT } },
      { op: 'MatMul', inputs: ['numbers', 'nothing'], outputs: ['decoded'] },
    ],
    constants: { nothing: { type: FLOAT, shape: [CONTEXT, 1], values: [0, 0] } },
    metadata: { vocab_size: String(TOKENS.length), context_size: String(CONTEXT) },
  });
  // The word beats the blank above a loudness of -5; letters are never heard.
  const perToken = (blank: number, word: number, rest: number) => TOKENS.map((_token, id) => [blank, word][id] ?? rest);
  write('joiner', {
    inputs: [
      { name: 'encoded', type: FLOAT, shape: ['batch', 1] },
      { name: 'decoded', type: FLOAT, shape: ['batch', 1] },
    ],
    outputs: [{ name: 'logits', type: FLOAT, shape: ['batch', TOKENS.length] }],
    nodes: [
      { op: 'MatMul', inputs: ['encoded', 'slope'], outputs: ['scaled'] },
      { op: 'Add', inputs: ['scaled', 'offset'], outputs: ['logits'] },
    ],
    constants: {
      slope: { type: FLOAT, shape: [1, TOKENS.length], values: perToken(0, 4, 0) },
      offset: { type: FLOAT, shape: [TOKENS.length], values: perToken(0, 20, -50) },
    },
  });
  writeFileSync(join(folder, 'tokens.txt'), TOKENS.map((token, id) => `${token} ${id}\n`).join(''));
  return folder;
}
