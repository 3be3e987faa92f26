import * as z from 'zod/mini';
import { CLOSE_CAUSES, type Close, unknownModel } from './close-causes.ts';
import { type FieldTree, firstUnknownField } from './field-tree.ts';

/** What a session was set up to do, read from the client's `setup`. */
export interface Setup {
  /** Without `models/`. */
  model: string;
  automaticActivityDetection: boolean;
  /** Silence that ends an utterance in automatic mode. */
  silenceMs: number;
  inputTranscription: boolean;
  outputTranscription: boolean;
  resumption: boolean;
  handle: string | undefined;
  compression: { triggerTokens: number; targetTokens: number } | undefined;
  tools: ToolDeclaration[];
  systemInstruction: string;
}

export interface ToolDeclaration {
  name: string;
  parameters: Record<string, unknown>;
}

const TRANSCRIPTION: FieldTree = {
  languageCodes: 'any',
  languageAuto: 'any',
  languageHints: 'any',
  customVocabulary: 'any',
  adaptationPhrases: 'any',
  wordTimestamp: 'any',
  diarization: 'any',
  mode: 'any',
};

const names = (...all: string[]): FieldTree => Object.fromEntries(all.map((name) => [name, 'any' as const]));

const SETUP_FIELDS: FieldTree = {
  model: 'any',
  generationConfig: names(
    'candidateCount',
    'enableAffectiveDialog',
    'frequencyPenalty',
    'maxOutputTokens',
    'mediaResolution',
    'presencePenalty',
    'responseModalities',
    'seed',
    'speechConfig',
    'stopSequences',
    'temperature',
    'thinkingConfig',
    'topK',
    'topP',
    'translationConfig',
  ),
  systemInstruction: names('parts', 'role'),
  tools: 'any',
  realtimeInputConfig: {
    automaticActivityDetection: names(
      'disabled',
      'startOfSpeechSensitivity',
      'endOfSpeechSensitivity',
      'prefixPaddingMs',
      'silenceDurationMs',
    ),
    activityHandling: 'any',
    turnCoverage: 'any',
  },
  sessionResumption: names('handle', 'transparent'),
  contextWindowCompression: { triggerTokens: 'any', slidingWindow: names('targetTokens') },
  inputAudioTranscription: TRANSCRIPTION,
  outputAudioTranscription: TRANSCRIPTION,
  proactivity: names('proactiveAudio'),
  historyConfig: 'any',
  avatarConfig: 'any',
  safetySettings: 'any',
  labels: 'any',
};

const Count = z.pipe(z.union([z.string().check(z.regex(/^\d+$/)), z.int()]), z.transform(Number));
const FunctionDeclaration = z.looseObject({
  name: z.string().check(z.regex(/^[A-Za-z_][\w.:-]{0,63}$/)),
  parameters: z.optional(z.looseObject({ type: z.string().check(z.regex(/^object$/i)) })),
  parametersJsonSchema: z.optional(z.looseObject({})),
});
const SetupShape = z.object({
  model: z.string().check(z.regex(/^models\/.+/)),
  generationConfig: z.optional(z.object({ responseModalities: z.optional(z.array(z.string())) })),
  systemInstruction: z.optional(z.object({ parts: z.array(z.object({ text: z.string() })) })),
  tools: z.optional(z.array(z.looseObject({ functionDeclarations: z.optional(z.array(FunctionDeclaration)) }))),
  realtimeInputConfig: z.optional(
    z.object({
      automaticActivityDetection: z.optional(
        z.object({ disabled: z.optional(z.boolean()), silenceDurationMs: z.optional(z.int()) }),
      ),
    }),
  ),
  sessionResumption: z.optional(z.object({ handle: z.optional(z.string()) })),
  contextWindowCompression: z.optional(
    z.object({
      triggerTokens: z.optional(Count),
      slidingWindow: z.optional(z.object({ targetTokens: z.optional(Count) })),
    }),
  ),
  inputAudioTranscription: z.optional(z.object({})),
  outputAudioTranscription: z.optional(z.object({})),
});

/** Tools the Live API has. Anything else is "not implemented, or supported, or enabled". */
const LIVE_TOOLS = new Set(['functionDeclarations', 'googleSearch']);
/** What the server takes where the client leaves `silenceDurationMs` out. */
const DEFAULT_SILENCE_MS = 800;
/** Four fifths of the model's 128k window, and half of that, where the client names no figures. */
const DEFAULT_TRIGGER_TOKENS = 104_857;

/**
 * Checks the client's `setup` (already camelCase) as the real server does: unknown names first, then the model, then the
 * values. @param liveModels the models this server offers for Live, without `models/`.
 */
export function readSetup(raw: unknown, liveModels: readonly string[]): { setup: Setup } | { refused: Close } {
  const unknown = firstUnknownField(raw, SETUP_FIELDS, 'setup');
  if (unknown) return { refused: unknown };
  const parsed = SetupShape.safeParse(raw);
  if (!parsed.success) return { refused: CLOSE_CAUSES['invalid-argument'] };
  const { data } = parsed;
  const model = data.model.slice('models/'.length);
  if (!liveModels.includes(model)) return { refused: unknownModel(data.model) };
  const modalities = data.generationConfig?.responseModalities ?? ['AUDIO'];
  if (modalities.length !== 1 || modalities[0] !== 'AUDIO') return { refused: CLOSE_CAUSES['invalid-argument'] };
  const tools = data.tools ?? [];
  if (tools.some((tool) => Object.keys(tool).some((name) => !LIVE_TOOLS.has(name)))) {
    return { refused: CLOSE_CAUSES['tools-unsupported'] };
  }
  const detection = data.realtimeInputConfig?.automaticActivityDetection;
  const triggerTokens = data.contextWindowCompression?.triggerTokens ?? DEFAULT_TRIGGER_TOKENS;
  return {
    setup: {
      model,
      automaticActivityDetection: !detection?.disabled,
      silenceMs: detection?.silenceDurationMs ?? DEFAULT_SILENCE_MS,
      inputTranscription: data.inputAudioTranscription !== undefined,
      outputTranscription: data.outputAudioTranscription !== undefined,
      resumption: data.sessionResumption !== undefined,
      handle: data.sessionResumption?.handle || undefined,
      compression: data.contextWindowCompression && {
        triggerTokens,
        targetTokens: data.contextWindowCompression.slidingWindow?.targetTokens ?? Math.floor(triggerTokens / 2),
      },
      tools: tools.flatMap((tool) =>
        (tool.functionDeclarations ?? []).map(({ name, parameters, parametersJsonSchema }) => ({
          name,
          parameters: parameters ?? parametersJsonSchema ?? {},
        })),
      ),
      systemInstruction: data.systemInstruction?.parts.map((part) => part.text).join('\n') ?? '',
    },
  };
}
