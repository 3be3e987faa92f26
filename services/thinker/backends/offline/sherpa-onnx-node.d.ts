/** The part of sherpa-onnx-node 1.13 that the speech engine uses; the package has no types of its own. */
declare module 'sherpa-onnx-node' {
  interface Waveform {
    readonly samples: Float32Array;
    readonly sampleRate: number;
  }
  interface OfflineStream {
    acceptWaveform(waveform: Waveform): void;
  }
  export class OfflineRecognizer {
    static createAsync(config: object): Promise<OfflineRecognizer>;
    createStream(): OfflineStream;
    decodeAsync(stream: OfflineStream): Promise<{ text: string }>;
  }
  export class OfflineTts {
    static createAsync(config: object): Promise<OfflineTts>;
    generateAsync(request: {
      text: string;
      sid: number;
      speed: number;
      /** Called between sentences; false breaks off. */
      onProgress?: () => boolean;
    }): Promise<Waveform>;
  }
}
