/** Takes the place of sherpa-onnx-node in tests that need no weights: whatever is loud is the keyword. */
export class KeywordSpotter {
  createStream() {
    const stream = {
      loud: false,
      waiting: false,
      acceptWaveform({ samples }: { samples: Float32Array }) {
        stream.waiting = true;
        stream.loud ||= samples.some((sample) => Math.abs(sample) > 0.5);
      },
    };
    return stream;
  }
  isReady(stream: { waiting: boolean }) {
    return stream.waiting;
  }
  decode(stream: { waiting: boolean }) {
    stream.waiting = false;
  }
  getResult({ loud }: { loud: boolean }) {
    return { keyword: loud ? 'stop' : '' };
  }
  reset(stream: { loud: boolean }) {
    stream.loud = false;
  }
}
