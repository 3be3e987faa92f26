/** The part of sherpa-onnx-node 1.13 that keyword spotting uses; the package has no types of its own. */
declare module 'sherpa-onnx-node' {
  interface KeywordStream {
    acceptWaveform(waveform: { samples: Float32Array; sampleRate: number }): void;
  }
  class KeywordSpotter {
    constructor(config: object);
    createStream(): KeywordStream;
    isReady(stream: KeywordStream): boolean;
    decode(stream: KeywordStream): void;
    reset(stream: KeywordStream): void;
    getResult(stream: KeywordStream): { keyword: string };
  }
}
