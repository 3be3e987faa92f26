/**
 * The process that holds the keyword model. It is apart from the router because the native library ends its process where a
 * model file is wrong.
 */
import { KeywordSpotter, type KeywordStream } from 'sherpa-onnx-node';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { KeywordConfiguration, KeywordReport, KeywordRequest } from './keyword-protocol.ts';

/** What the model was trained on: 80 mel bands (sherpa-onnx's own default). */
const FEATURES = 80;
/** sherpa-onnx's own example values; the threshold errs towards hearing a stop, since only short utterances count. */
const KEYWORDS_SCORE = 1.5;
const KEYWORDS_THRESHOLD = 0.2;
/** The model looks 0.3 s ahead; without a tail the last sound of an utterance would never be decoded. */
const TAIL = new Float32Array(MICROPHONE_RATE_HZ / 2);

const configuration = JSON.parse(process.argv[2] ?? '{}') as KeywordConfiguration;
const { encoder, decoder, joiner, tokens, keywordsFile } = configuration;
const spotter = new KeywordSpotter({
  featConfig: { sampleRate: MICROPHONE_RATE_HZ, featureDim: FEATURES },
  modelConfig: { transducer: { encoder, decoder, joiner }, tokens, numThreads: 1, provider: 'cpu', debug: 0 },
  keywordsScore: KEYWORDS_SCORE,
  keywordsThreshold: KEYWORDS_THRESHOLD,
  keywordsFile,
});
let present: { utterance: number; stream: KeywordStream } | undefined;

process.send?.('ready');
process.on('message', (request: KeywordRequest) => {
  const { utterance } = request;
  if (present?.utterance !== utterance) {
    if (request.kind === 'finish') return;
    present = { utterance, stream: spotter.createStream() };
  }
  const { stream } = present;
  const samples = request.kind === 'listen' ? Float32Array.from(request.samples, (sample) => sample / 32_768) : TAIL;
  stream.acceptWaveform({ samples, sampleRate: MICROPHONE_RATE_HZ });
  while (spotter.isReady(stream)) {
    spotter.decode(stream);
    if (spotter.getResult(stream).keyword === '') continue;
    process.send?.({ utterance } satisfies KeywordReport);
    spotter.reset(stream);
  }
  if (request.kind === 'finish') present = undefined;
});
