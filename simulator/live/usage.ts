import type { ModalityTokens, UsageMetadata } from './server-message.ts';
import type { Context } from './session-state.ts';

/** Tokens by what they stand for. */
export type Tokens = Readonly<Record<ModalityTokens['modality'], number>>;

/** What one turn, or a session so far, cost. */
export interface Usage {
  readonly prompt: Tokens;
  readonly response: Tokens;
  readonly thoughts: number;
}

export const NO_TOKENS: Tokens = { AUDIO: 0, TEXT: 0, IMAGE: 0 };
export const NO_USAGE: Usage = { prompt: NO_TOKENS, response: NO_TOKENS, thoughts: 0 };

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

export function addTokens(one: Tokens, other: Partial<Tokens>): Tokens {
  const { AUDIO = 0, TEXT = 0, IMAGE = 0 } = other;
  return { AUDIO: one.AUDIO + AUDIO, TEXT: one.TEXT + TEXT, IMAGE: one.IMAGE + IMAGE };
}

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    prompt: addTokens(one.prompt, other.prompt),
    response: addTokens(one.response, other.response),
    thoughts: one.thoughts + other.thoughts,
  };
}

export function totalTokens(tokens: Tokens): number {
  return tokens.AUDIO + tokens.TEXT + tokens.IMAGE;
}

export function usageMetadata({ prompt, response, thoughts }: Usage): UsageMetadata {
  const promptTokenCount = totalTokens(prompt);
  const responseTokenCount = totalTokens(response);
  return {
    promptTokenCount,
    responseTokenCount,
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
    totalTokenCount: promptTokenCount + responseTokenCount + thoughts,
    promptTokensDetails: detailsOf(prompt),
    responseTokensDetails: detailsOf(response),
  };
}

function detailsOf(tokens: Tokens): ModalityTokens[] {
  const modalities = ['TEXT', 'AUDIO', 'IMAGE'] as const;
  return modalities
    .filter((modality) => tokens[modality] > 0)
    .map((modality) => ({ modality, tokenCount: tokens[modality] }));
}

/** The context after the sliding window has done its work: the oldest goes until the target is reached. */
export function compressed(
  context: Context,
  window: { triggerTokens: number; targetTokens: number } | undefined,
): Context {
  const held = totalTokens(context.tokens);
  if (!window || held <= window.triggerTokens) return context;
  const share = window.targetTokens / held;
  const { AUDIO, TEXT, IMAGE } = context.tokens;
  return {
    ...context,
    tokens: { AUDIO: Math.floor(AUDIO * share), TEXT: Math.floor(TEXT * share), IMAGE: Math.floor(IMAGE * share) },
    entries: context.entries.slice(-Math.max(1, Math.floor(context.entries.length * share))),
  };
}
