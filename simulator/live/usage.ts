import type { UsageMetadata } from './server-message.ts';
import type { Context, SessionState } from './session-state.ts';

/** What the Live API bills: about 25 tokens a second of sound in either direction. */
const TOKENS_PER_SECOND = 25;
/** One picture of up to 768 × 768. */
export const IMAGE_TOKENS = 258;
/** The rule of thumb for English. */
const CHARACTERS_PER_TOKEN = 4;

export function soundTokens(samples: number, rateHz: number): number {
  return Math.ceil((samples / rateHz) * TOKENS_PER_SECOND);
}

export function textTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

export function usageMetadata(usage: SessionState['usage']): UsageMetadata {
  const { promptTokens, responseTokens, thoughtsTokens } = usage;
  return {
    promptTokenCount: promptTokens,
    responseTokenCount: responseTokens,
    ...(thoughtsTokens > 0 && { thoughtsTokenCount: thoughtsTokens }),
    totalTokenCount: promptTokens + responseTokens + thoughtsTokens,
    promptTokensDetails: [{ modality: 'AUDIO', tokenCount: promptTokens }],
    responseTokensDetails: [{ modality: 'AUDIO', tokenCount: responseTokens }],
  };
}

/** The context after the sliding window has done its work: the oldest entries go until the target is reached. */
export function compressed(
  context: Context,
  window: { triggerTokens: number; targetTokens: number } | undefined,
): Context {
  if (!window || context.tokens <= window.triggerTokens) return context;
  const share = window.targetTokens / context.tokens;
  const kept = Math.max(1, Math.floor(context.entries.length * share));
  return { ...context, tokens: window.targetTokens, entries: context.entries.slice(-kept) };
}
