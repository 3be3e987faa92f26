import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { createMatrices, type Matrix } from './matrix.ts';
import type { Tensor } from './onnx-weights.ts';

/** Samples per step at 16 kHz: 32 ms. */
export const WINDOW_SAMPLES = 512;
/** What the network sees of the window before: part of Silero's definition since v5. */
const CONTEXT_SAMPLES = 64;
/** Reflected at the end of the input by the network's own padding. */
const PADDING_SAMPLES = 64;
const FFT_SAMPLES = 256;
const HOP_SAMPLES = 128;
const BINS = FFT_SAMPLES / 2 + 1;
const FRAMES = 4;
const HIDDEN = 128;
const TAPS = 3;
const ENCODER = [
  { inputs: BINS, outputs: 128, stride: 1 },
  { inputs: 128, outputs: 64, stride: 2 },
  { inputs: 64, outputs: 64, stride: 2 },
  { inputs: 64, outputs: HIDDEN, stride: 1 },
];

/** Where the 16 kHz half of the model keeps its weights; the other half is for 8 kHz. */
const PREFIX = 'If_0_then_branch__Inline_0__';

interface Convolution {
  matrix: Matrix;
  bias: Float32Array;
  inputs: number;
  stride: number;
}

/** What the network keeps of one signal from window to window. */
export interface SileroMemory {
  context: Float32Array;
  hidden: Float32Array;
  cell: Float32Array;
}

export function emptyMemory(): SileroMemory {
  return {
    context: new Float32Array(CONTEXT_SAMPLES),
    hidden: new Float32Array(HIDDEN),
    cell: new Float32Array(HIDDEN),
  };
}

/**
 * Silero VAD (v5 and v6 share the architecture): a short-time Fourier transform, four convolutions, one LSTM cell, one
 * output; 0.7 million multiplications a window.
 */
export class SileroNetwork {
  private readonly transform: Matrix;
  private readonly encoder: Convolution[];
  private readonly gates: Matrix;
  private readonly gateBias: Float32Array;
  private readonly outputWeight: Float32Array;
  private readonly outputBias: number;
  private readonly signal = new Float32Array(CONTEXT_SAMPLES + WINDOW_SAMPLES + PADDING_SAMPLES);

  /** Throws ConfigurationError naming `path` where a weight is missing or of another shape. */
  constructor(weights: Map<string, Tensor>, path: string) {
    function weight(name: string, ...dims: number[]): Float32Array {
      const tensor = weights.get(PREFIX + name);
      if (tensor && tensor.dims.join() === dims.join()) return tensor.data;
      throw new ConfigurationError(
        `${path} is no Silero VAD v5 (${name} should be ${dims.join('×')}): run npm ci again`,
      );
    }
    const basis = weight('stft.forward_basis_buffer', 2 * BINS, 1, FFT_SAMPLES);
    const fromInput = weight('decoder.rnn.weight_ih', 4 * HIDDEN, HIDDEN);
    const fromHidden = weight('decoder.rnn.weight_hh', 4 * HIDDEN, HIDDEN);
    const [transform, gates, ...layers] = createMatrices([
      { rows: 2 * BINS, columns: FFT_SAMPLES, values: basis },
      { rows: 4 * HIDDEN, columns: 2 * HIDDEN, values: sideBySide(fromInput, fromHidden, HIDDEN) },
      ...ENCODER.map(({ inputs, outputs }, layer) => ({
        rows: outputs,
        columns: inputs * TAPS,
        values: weight(`encoder.${layer}.reparam_conv.weight`, outputs, inputs, TAPS),
      })),
    ]);
    this.transform = transform as Matrix;
    this.gates = gates as Matrix;
    this.encoder = ENCODER.map(({ inputs, outputs, stride }, layer) => ({
      matrix: layers[layer] as Matrix,
      bias: weight(`encoder.${layer}.reparam_conv.bias`, outputs),
      inputs,
      stride,
    }));
    const hiddenBias = weight('decoder.rnn.bias_hh', 4 * HIDDEN);
    this.gateBias = weight('decoder.rnn.bias_ih', 4 * HIDDEN).map((bias, index) => bias + at(hiddenBias, index));
    this.outputWeight = weight('decoder.decoder.2.weight', 1, HIDDEN, 1);
    this.outputBias = at(weight('decoder.decoder.2.bias', 1), 0);
  }

  /**
   * @param window 512 samples at 16 kHz, s16. @param memory of the windows before; updated. @param gain what the samples are
   * multiplied by; beyond full scale they are clipped.
   * @returns the probability that somebody speaks in it, 0 to 1.
   */
  probability(window: Int16Array, memory: SileroMemory, gain = 1): number {
    const { signal } = this;
    signal.set(memory.context);
    const scale = gain / 32_768;
    for (let i = 0; i < WINDOW_SAMPLES; i += 1) {
      signal[CONTEXT_SAMPLES + i] = Math.max(-1, Math.min(1, at(window, i) * scale));
    }
    const end = CONTEXT_SAMPLES + WINDOW_SAMPLES;
    for (let i = 0; i < PADDING_SAMPLES; i += 1) signal[end + i] = at(signal, end - 2 - i);
    memory.context.set(signal.subarray(WINDOW_SAMPLES, end));

    let features = this.spectrum();
    let frames = FRAMES;
    for (const layer of this.encoder) {
      features = convolve(layer, features, frames);
      frames = framesAfter(layer.stride, frames);
    }
    this.remember(features, memory);
    let output = this.outputBias;
    for (let i = 0; i < HIDDEN; i += 1) output += Math.max(0, at(memory.hidden, i)) * at(this.outputWeight, i);
    return sigmoid(output);
  }

  /** Magnitudes, one row of `FRAMES` for each frequency. */
  private spectrum(): Float32Array {
    const { input, output } = this.transform;
    const magnitudes = new Float32Array(BINS * FRAMES);
    for (let frame = 0; frame < FRAMES; frame += 1) {
      input.set(this.signal.subarray(frame * HOP_SAMPLES, frame * HOP_SAMPLES + FFT_SAMPLES));
      this.transform.multiply();
      for (let bin = 0; bin < BINS; bin += 1) {
        const real = at(output, bin);
        const imaginary = at(output, BINS + bin);
        magnitudes[bin * FRAMES + frame] = Math.sqrt(real * real + imaginary * imaginary);
      }
    }
    return magnitudes;
  }

  /** One step of the LSTM cell; the gates stand in PyTorch's order: input, forget, cell, output. */
  private remember(features: Float32Array, { hidden, cell }: SileroMemory): void {
    this.gates.input.set(features);
    this.gates.input.set(hidden, HIDDEN);
    this.gates.multiply();
    const gate = (row: number) => at(this.gates.output, row) + at(this.gateBias, row);
    for (let i = 0; i < HIDDEN; i += 1) {
      const kept = sigmoid(gate(HIDDEN + i)) * at(cell, i);
      cell[i] = kept + sigmoid(gate(i)) * Math.tanh(gate(2 * HIDDEN + i));
      hidden[i] = sigmoid(gate(3 * HIDDEN + i)) * Math.tanh(at(cell, i));
    }
  }
}

/** A convolution of width 3 with one zero on either side, then ReLU. Rows of `frames` in, rows of the result's frames out. */
function convolve({ matrix, bias, inputs, stride }: Convolution, features: Float32Array, frames: number): Float32Array {
  const outputFrames = framesAfter(stride, frames);
  const result = new Float32Array(bias.length * outputFrames);
  for (let frame = 0; frame < outputFrames; frame += 1) {
    for (let tap = 0; tap < TAPS; tap += 1) {
      const source = frame * stride + tap - 1;
      const inside = source >= 0 && source < frames;
      for (let channel = 0; channel < inputs; channel += 1) {
        matrix.input[channel * TAPS + tap] = inside ? at(features, channel * frames + source) : 0;
      }
    }
    matrix.multiply();
    for (let output = 0; output < bias.length; output += 1) {
      result[output * outputFrames + frame] = Math.max(0, at(matrix.output, output) + at(bias, output));
    }
  }
  return result;
}

function framesAfter(stride: number, frames: number): number {
  return Math.floor((frames - 1) / stride) + 1;
}

/** Two matrices of the same shape as one of twice the columns. */
function sideBySide(left: Float32Array, right: Float32Array, columns: number): Float32Array {
  const both = new Float32Array(left.length + right.length);
  for (let from = 0; from < left.length; from += columns) {
    both.set(left.subarray(from, from + columns), 2 * from);
    both.set(right.subarray(from, from + columns), 2 * from + columns);
  }
  return both;
}

/** Every index here is computed from the shapes above; the compiler cannot know. */
function at(values: Float32Array | Int16Array, index: number): number {
  return values[index] as number;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
