import { ConfigurationError } from '#shared/errors/cortex-error.ts';
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

/** Where the 16 kHz half of the model keeps its weights; the other half is for 8 kHz. */
const PREFIX = 'If_0_then_branch__Inline_0__';

interface Convolution {
  weight: Float32Array;
  bias: Float32Array;
  inputs: number;
  outputs: number;
  stride: number;
}

/**
 * Silero VAD (v5 and v6 share the architecture): a short-time Fourier transform, four convolutions, one LSTM cell, one
 * output. 0.7 million multiplications a window, so plain arrays are fast enough and no inference runtime is needed.
 */
export class SileroNetwork {
  private readonly basis: Float32Array;
  private readonly encoder: Convolution[];
  private readonly inputWeight: Float32Array;
  private readonly hiddenWeight: Float32Array;
  private readonly gateBias: Float32Array;
  private readonly outputWeight: Float32Array;
  private readonly outputBias: number;
  private readonly signal = new Float32Array(CONTEXT_SAMPLES + WINDOW_SAMPLES + PADDING_SAMPLES);
  private hidden = new Float32Array(HIDDEN);
  private cell = new Float32Array(HIDDEN);

  /** Throws ConfigurationError naming `path` where a weight is missing or of another shape. */
  constructor(weights: Map<string, Tensor>, path: string) {
    function weight(name: string, ...dims: number[]): Float32Array {
      const tensor = weights.get(PREFIX + name);
      if (tensor && tensor.dims.join() === dims.join()) return tensor.data;
      throw new ConfigurationError(
        `${path} is no Silero VAD v5 (${name} should be ${dims.join('×')}): run npm ci again`,
      );
    }
    function convolution(layer: number, inputs: number, outputs: number, stride: number): Convolution {
      const name = `encoder.${layer}.reparam_conv`;
      return {
        weight: weight(`${name}.weight`, outputs, inputs, 3),
        bias: weight(`${name}.bias`, outputs),
        inputs,
        outputs,
        stride,
      };
    }
    this.basis = weight('stft.forward_basis_buffer', 2 * BINS, 1, FFT_SAMPLES);
    this.encoder = [
      convolution(0, BINS, 128, 1),
      convolution(1, 128, 64, 2),
      convolution(2, 64, 64, 2),
      convolution(3, 64, HIDDEN, 1),
    ];
    this.inputWeight = weight('decoder.rnn.weight_ih', 4 * HIDDEN, HIDDEN);
    this.hiddenWeight = weight('decoder.rnn.weight_hh', 4 * HIDDEN, HIDDEN);
    const inputBias = weight('decoder.rnn.bias_ih', 4 * HIDDEN);
    const hiddenBias = weight('decoder.rnn.bias_hh', 4 * HIDDEN);
    this.gateBias = inputBias.map((bias, index) => bias + at(hiddenBias, index));
    this.outputWeight = weight('decoder.decoder.2.weight', 1, HIDDEN, 1);
    this.outputBias = at(weight('decoder.decoder.2.bias', 1), 0);
  }

  /** Forgets all it has heard. */
  reset(): void {
    this.signal.fill(0);
    this.hidden.fill(0);
    this.cell.fill(0);
  }

  /** @param window 512 samples at 16 kHz, s16. @returns the probability that somebody speaks in it, 0 to 1. */
  probability(window: Int16Array): number {
    const { signal } = this;
    signal.copyWithin(0, WINDOW_SAMPLES, WINDOW_SAMPLES + CONTEXT_SAMPLES);
    for (let i = 0; i < WINDOW_SAMPLES; i += 1) signal[CONTEXT_SAMPLES + i] = at(window, i) / 32_768;
    const end = CONTEXT_SAMPLES + WINDOW_SAMPLES;
    for (let i = 0; i < PADDING_SAMPLES; i += 1) signal[end + i] = at(signal, end - 2 - i);

    let features = this.spectrum();
    let frames = FRAMES;
    for (const layer of this.encoder) {
      features = convolve(layer, features, frames);
      frames = Math.floor((frames - 1) / layer.stride) + 1;
    }
    this.remember(features);
    let output = this.outputBias;
    for (let i = 0; i < HIDDEN; i += 1) output += Math.max(0, at(this.hidden, i)) * at(this.outputWeight, i);
    return sigmoid(output);
  }

  /** Magnitudes, one row of `FRAMES` for each frequency. */
  private spectrum(): Float32Array {
    const magnitudes = new Float32Array(BINS * FRAMES);
    for (let bin = 0; bin < BINS; bin += 1) {
      for (let frame = 0; frame < FRAMES; frame += 1) {
        const real = dot(this.basis, bin * FFT_SAMPLES, this.signal, frame * HOP_SAMPLES, FFT_SAMPLES);
        const imaginary = dot(this.basis, (BINS + bin) * FFT_SAMPLES, this.signal, frame * HOP_SAMPLES, FFT_SAMPLES);
        magnitudes[bin * FRAMES + frame] = Math.sqrt(real * real + imaginary * imaginary);
      }
    }
    return magnitudes;
  }

  /** One step of the LSTM cell; the gates stand in PyTorch's order: input, forget, cell, output. */
  private remember(input: Float32Array): void {
    const hidden = new Float32Array(HIDDEN);
    const gate = (row: number) =>
      at(this.gateBias, row) +
      dot(this.inputWeight, row * HIDDEN, input, 0, HIDDEN) +
      dot(this.hiddenWeight, row * HIDDEN, this.hidden, 0, HIDDEN);
    for (let i = 0; i < HIDDEN; i += 1) {
      const cell = sigmoid(gate(HIDDEN + i)) * at(this.cell, i) + sigmoid(gate(i)) * Math.tanh(gate(2 * HIDDEN + i));
      this.cell[i] = cell;
      hidden[i] = sigmoid(gate(3 * HIDDEN + i)) * Math.tanh(cell);
    }
    this.hidden = hidden;
  }
}

/** A convolution of width 3 with one zero on either side, then ReLU. Rows of `frames` in, rows of the result's frames out. */
function convolve({ weight, bias, inputs, outputs, stride }: Convolution, input: Float32Array, frames: number) {
  const outputFrames = Math.floor((frames - 1) / stride) + 1;
  const result = new Float32Array(outputs * outputFrames);
  const patch = new Float32Array(inputs * 3);
  for (let frame = 0; frame < outputFrames; frame += 1) {
    for (let tap = 0; tap < 3; tap += 1) {
      const source = frame * stride + tap - 1;
      const inside = source >= 0 && source < frames;
      for (let channel = 0; channel < inputs; channel += 1) {
        patch[channel * 3 + tap] = inside ? at(input, channel * frames + source) : 0;
      }
    }
    for (let output = 0; output < outputs; output += 1) {
      const sum = at(bias, output) + dot(weight, output * patch.length, patch, 0, patch.length);
      result[output * outputFrames + frame] = Math.max(0, sum);
    }
  }
  return result;
}

function dot(a: Float32Array, aOffset: number, b: Float32Array, bOffset: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 1) sum += at(a, aOffset + i) * at(b, bOffset + i);
  return sum;
}

/** Every index here is computed from the shapes above; the compiler cannot know. */
function at(values: Float32Array | Int16Array, index: number): number {
  return values[index] as number;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
