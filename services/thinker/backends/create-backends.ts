import type { Models } from '@google/genai';
import type { Settings } from '#shared/config/settings.ts';
import type { Decision } from '#shared/contract/layers.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { modelsFolder } from '#shared/offline-models/model-manifest.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { AnswerBackend } from './answer-backend.ts';
import { createEspeakVoice } from './espeak-voice.ts';
import { createHttpBackend } from './http/http-backend.ts';
import { readBattery } from './offline/battery.ts';
import { Claims } from './offline/claims.ts';
import { createLocalVoice } from './offline/local-voice.ts';
import { createOfflineBackend } from './offline/offline-backend.ts';
import { SpeechEngine } from './offline/speech-engine.ts';

/** Made by the build from speech-engine-process.ts; services run in the project's root. */
const ENGINE_SCRIPT = 'dist/speech-engine.cjs';

export interface BackendsOptions {
  readonly settings: Settings;
  /** `new GoogleGenAI({ …, httpOptions: { apiVersion: 'v1beta', baseUrl } }).models`. */
  readonly models: Pick<Models, 'generateContent' | 'generateContentStream'>;
  /** What the assistant is told about itself, the same as over Live. */
  readonly instruction: string;
  /** Why there is no network answer, in words that can follow «because». */
  readonly offlineReason: () => string;
  /** Whether somebody has told the user that reason already. */
  readonly reasonTold: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
}

export interface Backends {
  readonly http: AnswerBackend;
  readonly offline: AnswerBackend;
  /** To be told of every `router/decision`, so that nothing is said over a command or another layer's answer. */
  decided(decision: Pick<Decision, 'text' | 'layer'>): void;
  /** The offline level was chosen: models that are there are loaded before the first question comes. Nothing else costs memory. */
  prepareOffline(): void;
  /** Ends what still runs. */
  stop(): void;
}

/** The two ways to answer without a Live session, sharing one local voice. Nothing is loaded or started yet. */
export function createBackends(options: BackendsOptions): Backends {
  const { settings, models, instruction, offlineReason, reasonTold, clock, log, meters } = options;
  const engine = new SpeechEngine({ script: ENGINE_SCRIPT, modelsDir: modelsFolder(settings), clock, log, meters });
  const claims = new Claims(clock);
  const localVoice = createLocalVoice({ engine, plain: createEspeakVoice(), clock, log, meters });
  return {
    http: createHttpBackend({
      models,
      model: settings.geminiHttpModel,
      ttsModel: settings.geminiTtsModel,
      voiceName: settings.geminiVoice,
      instruction,
      temperature: settings.geminiTemperature,
      maxTokens: settings.geminiMaxTokens,
      localVoice,
      clock,
      log,
      meters,
    }),
    offline: createOfflineBackend({
      engine,
      voice: localVoice,
      readBattery,
      reason: offlineReason,
      told: reasonTold,
      claimed: (text, signal) => claims.claimed(text, signal),
      clock,
      log,
      meters,
    }),
    decided: (decision) => claims.decided(decision),
    prepareOffline: () => void engine.loadAll(),
    stop: () => engine.release(),
  };
}
