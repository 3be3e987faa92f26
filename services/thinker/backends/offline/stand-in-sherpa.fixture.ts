import { writeFileSync } from 'node:fs';

/** Takes the place of sherpa-onnx-node in tests of the engine's process that need no weights. */
let loads = 0;

export const OfflineRecognizer = {
  async createAsync() {
    loads += 1;
    return {
      createStream: () => {
        const stream = {
          heard: 0,
          acceptWaveform({ samples }: { samples: Float32Array }) {
            stream.heard = samples.length;
          },
        };
        return stream;
      },
      decodeAsync: async ({ heard }: { heard: number }) => ({ text: ` heard ${heard} samples, load ${loads} ` }),
    };
  },
};

export const OfflineTts = {
  async createAsync() {
    return {
      async generateAsync({ text, onProgress }: { text: string; onProgress: () => boolean }) {
        if (text === 'abort') process.abort();
        if (text === 'fail') throw new Error('no such phoneme');
        const marker = /^die after (.+)$/.exec(text)?.[1];
        if (marker) {
          writeFileSync(marker, '');
          while (onProgress()) await new Promise((resolve) => setImmediate(resolve));
          process.abort();
        }
        // A long text, sentence by sentence, until nobody listens.
        if (text === 'endless') while (onProgress()) await new Promise((resolve) => setImmediate(resolve));
        return { samples: Float32Array.of(0.5, -2), sampleRate: 24_000 };
      },
    };
  },
};
