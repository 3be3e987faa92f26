import { join } from 'node:path';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';

/** A Pi 5 has four cores; two are left to the sound path. */
const THREADS = 2;
/** What the models were trained on: 80 mel bands (sherpa-onnx's own default). */
const FEATURES = 80;

/** Of `OfflineRecognizer` for a folder that holds the Moonshine model of offline-models.json. */
export function recogniserConfiguration(folder: string): object {
  return {
    featConfig: { sampleRate: MICROPHONE_RATE_HZ, featureDim: FEATURES },
    modelConfig: {
      moonshine: {
        preprocessor: join(folder, 'preprocess.onnx'),
        encoder: join(folder, 'encode.int8.onnx'),
        uncachedDecoder: join(folder, 'uncached_decode.int8.onnx'),
        cachedDecoder: join(folder, 'cached_decode.int8.onnx'),
      },
      tokens: join(folder, 'tokens.txt'),
      numThreads: THREADS,
      provider: 'cpu',
      debug: 0,
    },
  };
}

/** Of `OfflineTts` for a folder that holds the Kokoro model of offline-models.json. */
export function voiceConfiguration(folder: string): object {
  return {
    model: {
      kokoro: {
        model: join(folder, 'model.int8.onnx'),
        voices: join(folder, 'voices.bin'),
        tokens: join(folder, 'tokens.txt'),
        dataDir: join(folder, 'espeak-ng-data'),
      },
      numThreads: THREADS,
      provider: 'cpu',
      debug: 0,
    },
    maxNumSentences: 1,
  };
}
