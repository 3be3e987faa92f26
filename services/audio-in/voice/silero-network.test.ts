import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { assetPath, requireFromRoot } from '../project-root.ts';
import { readOnnxWeights } from './onnx-weights.ts';
import { emptyMemory, SileroNetwork, WINDOW_SAMPLES } from './silero-network.ts';

const path = requireFromRoot.resolve('@ricky0123/vad-web/dist/silero_vad_v5.onnx');
const weights = readOnnxWeights(readFileSync(path), path);

interface SherpaVad {
  acceptWaveform(samples: Float32Array): void;
  isDetected(): boolean;
}

/** The first three seconds of the sample question: silence, speech, silence. */
function windows(): Int16Array[] {
  const { samples } = readWav(readFileSync(assetPath('sample-question.wav')));
  return Array.from({ length: 90 }, (_unused, index) =>
    samples.subarray(index * WINDOW_SAMPLES, (index + 1) * WINDOW_SAMPLES),
  );
}

/** sherpa-onnx's own reading of the probabilities, with no minimum of speech or silence (one window of inertia each). */
class SherpaDecision {
  private begun = false;
  private ending = false;
  detected = false;
  private readonly threshold: number;

  constructor(threshold: number) {
    this.threshold = threshold;
  }

  hear(probability: number): boolean {
    if (!this.detected) {
      this.detected = this.begun && probability > this.threshold;
      this.begun = probability > this.threshold;
      this.ending = false;
    } else if (probability > this.threshold) this.ending = false;
    else if (probability <= this.threshold - 0.15) {
      if (this.ending) this.detected = this.begun = false;
      this.ending = true;
    }
    return this.detected;
  }
}

describe('the Silero network', () => {
  it('tells speech from silence', () => {
    const network = new SileroNetwork(weights, path);
    const memory = emptyMemory();
    const probabilities = windows().map((window) => network.probability(window, memory));
    expect(probabilities.slice(0, 10).every((probability) => probability < 0.1)).toBe(true);
    expect(Math.max(...probabilities)).toBeGreaterThan(0.95);
    expect(probabilities.slice(-20).every((probability) => probability < 0.1)).toBe(true);
  });

  it.each([0.2, 0.35, 0.5, 0.65, 0.8, 0.95])('decides as sherpa-onnx does at threshold %d', (threshold) => {
    const { Vad } = requireFromRoot('sherpa-onnx-node') as { Vad: new (config: object, seconds: number) => SherpaVad };
    const inertia = { minSilenceDuration: 0.001, minSpeechDuration: 0.001 };
    const sileroVad = { model: path, threshold, windowSize: WINDOW_SAMPLES, maxSpeechDuration: 1_000, ...inertia };
    const sherpa = new Vad({ sileroVad, sampleRate: 16_000, numThreads: 1 }, 60);
    // sherpa-onnx begins with real samples where the network's own context begins with zeros.
    sherpa.acceptWaveform(new Float32Array(64));
    const network = new SileroNetwork(weights, path);
    const memory = emptyMemory();
    const decision = new SherpaDecision(threshold);
    for (const window of windows()) {
      sherpa.acceptWaveform(Float32Array.from(window, (sample) => sample / 32_768));
      expect(decision.hear(network.probability(window, memory))).toBe(sherpa.isDetected());
    }
  });

  it('keeps nothing but what is in its memory: two signals side by side do not disturb each other', () => {
    const network = new SileroNetwork(weights, path);
    const alone = emptyMemory();
    const expected = windows().map((window) => network.probability(window, alone));
    const [one, other] = [emptyMemory(), emptyMemory()];
    for (const [index, window] of windows().entries()) {
      network.probability(window.toReversed(), other);
      expect(network.probability(window, one)).toBe(expected[index]);
    }
  });

  it.each([
    ['a cut file', readFileSync(path).subarray(0, 1_000_000), 'no ONNX model'],
    ['a text', Buffer.from('version https://git-lfs.github.com/spec/v1'), 'no ONNX model'],
    ['another model', readFileSync(path.replace('_v5', '_legacy')), 'no Silero VAD v5'],
  ])('refuses %s, naming the file', (_what, bytes, words) => {
    expect(() => new SileroNetwork(readOnnxWeights(bytes, 'models/vad.onnx'), 'models/vad.onnx')).toThrow(
      ConfigurationError,
    );
    expect(() => new SileroNetwork(readOnnxWeights(bytes, 'models/vad.onnx'), 'models/vad.onnx')).toThrow(words);
    expect(() => new SileroNetwork(readOnnxWeights(bytes, 'models/vad.onnx'), 'models/vad.onnx')).toThrow(
      'models/vad.onnx',
    );
  });
});
