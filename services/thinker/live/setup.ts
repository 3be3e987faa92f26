import { type LiveConnectConfig, Modality } from '@google/genai';
import type { Settings } from '#shared/config/settings.ts';
import { SYSTEM_INSTRUCTION } from './instruction.ts';
import type { LiveRequest } from './live-connection.ts';

/** The context is shortened to half of it when it reaches this many tokens; without compression a session ends after 15 minutes. */
const COMPRESSION_TRIGGER_TOKENS = '25600';
const COMPRESSION_TARGET_TOKENS = '12800';

export type SetupSettings = Pick<Settings, 'geminiTemperature' | 'geminiMaxTokens' | 'geminiVoice' | 'vadMode'>;

/**
 * The session's configuration. One response modality only: the text comes from the two transcriptions, whose fields must be
 * empty objects (Google closes with 1007 on anything in them it does not know).
 */
export function liveSetup(settings: SetupSettings, request: LiveRequest): LiveConnectConfig {
  return {
    responseModalities: [Modality.AUDIO],
    temperature: settings.geminiTemperature,
    maxOutputTokens: settings.geminiMaxTokens,
    speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: settings.geminiVoice } } },
    systemInstruction: SYSTEM_INSTRUCTION,
    sessionResumption: request.handle === undefined ? {} : { handle: request.handle },
    inputAudioTranscription: {},
    outputAudioTranscription: {},
    ...(settings.vadMode === 'client' && { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } }),
    contextWindowCompression: {
      triggerTokens: COMPRESSION_TRIGGER_TOKENS,
      slidingWindow: { targetTokens: COMPRESSION_TARGET_TOKENS },
    },
    ...(request.tools.length > 0 && {
      tools: [
        {
          functionDeclarations: request.tools.map(({ name, description, parameters }) => ({
            name,
            description,
            ...(parameters && { parametersJsonSchema: parameters }),
          })),
        },
      ],
    }),
  };
}
