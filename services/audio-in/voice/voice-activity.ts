import { readFileSync } from 'node:fs';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import { requireFromRoot } from '../project-root.ts';
import { readOnnxWeights } from './onnx-weights.ts';
import { SileroNetwork } from './silero-network.ts';

/** Judges one window of 512 samples (32 ms at 16 kHz) after the other. */
export interface VoiceActivity {
  /** The probability that somebody speaks, 0 to 1. */
  probability(window: Int16Array): number;
  /** Forgets what it has heard: the next window follows on nothing. */
  reset(): void;
}

/** Silero VAD v5 from the model file that @ricky0123/vad-web ships. Throws ConfigurationError when it is missing. */
export function loadVoiceActivity(): VoiceActivity {
  let path = '@ricky0123/vad-web/dist/silero_vad_v5.onnx';
  try {
    path = requireFromRoot.resolve(path);
    return new SileroNetwork(readOnnxWeights(readFileSync(path), path), path);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(`${path} cannot be read (${messageOf(error)}): run npm ci`, { cause: error });
  }
}
