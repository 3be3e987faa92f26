/**
 * The process that holds the offline models. It is apart from thinker because the native library ends its process where a
 * model file is wrong, and because only the end of a process gives all of the models' memory back.
 */
import { constants, setPriority } from 'node:os';
import { OfflineRecognizer, OfflineTts } from 'sherpa-onnx-node';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { recogniserConfiguration, voiceConfiguration } from './sherpa-configuration.ts';
import type { EngineReply, EngineRequest } from './speech-engine-protocol.ts';

/** The first of Kokoro's eleven English voices, and its natural speed. */
const SPEAKER = 0;
const SPEED = 1;
/** For a request that was cancelled while its model was loading. */
const SILENCE = { samples: new Float32Array(0), sampleRate: 24_000 };

let recogniser: Promise<OfflineRecognizer> | undefined;
let voice: Promise<OfflineTts> | undefined;
let work: Promise<void> = Promise.resolve();
let lastDone = 0;
const cancelled = new Set<number>();

// The sound path comes first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

// The channel keeps the process alive; when thinker closes it or dies, nothing is left to do and the process ends.
process.on('message', (request: EngineRequest) => {
  if (request.kind !== 'cancel') work = work.then(() => serve(request));
  else if (request.id > lastDone) cancelled.add(request.id);
});

/** One request at a time: two models at work at once would starve the sound path of cores. */
async function serve(request: Exclude<EngineRequest, { kind: 'cancel' }>): Promise<void> {
  const { id } = request;
  try {
    reply(cancelled.has(id) ? { id, kind: 'dropped' } : await resultOf(request));
  } catch (error) {
    reply({ id, kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
  lastDone = id;
  cancelled.delete(id);
}

async function resultOf(request: Exclude<EngineRequest, { kind: 'cancel' }>): Promise<EngineReply> {
  const { id, folder } = request;
  switch (request.kind) {
    case 'load':
      await (request.role === 'voice' ? loadVoice(folder) : loadRecogniser(folder));
      return { id, kind: 'loaded' };
    case 'recognise': {
      const model = await loadRecogniser(folder);
      const stream = model.createStream();
      const samples = Float32Array.from(request.samples, (sample) => sample / 32_768);
      stream.acceptWaveform({ samples, sampleRate: MICROPHONE_RATE_HZ });
      const { text } = await model.decodeAsync(stream);
      return { id, kind: 'recognised', text: text.trim() };
    }
    case 'speak': {
      const model = await loadVoice(folder);
      const onProgress = () => !cancelled.has(id);
      const sound = onProgress()
        ? await model.generateAsync({ text: request.text, sid: SPEAKER, speed: SPEED, onProgress })
        : SILENCE;
      const samples = Int16Array.from(sound.samples, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767);
      return { id, kind: 'spoken', samples, sampleRateHz: sound.sampleRate };
    }
  }
}

function loadRecogniser(folder: string): Promise<OfflineRecognizer> {
  recogniser ??= OfflineRecognizer.createAsync(recogniserConfiguration(folder));
  return recogniser;
}

function loadVoice(folder: string): Promise<OfflineTts> {
  voice ??= OfflineTts.createAsync(voiceConfiguration(folder));
  return voice;
}

function reply(message: EngineReply): void {
  process.send?.(message);
}
