import type { GenerateContentResponseUsageMetadata } from '@google/genai';

/**
 * Tokens of one request by name, e.g. `httpPromptTokens`, `httpPromptAudioTokens`, `ttsResponseAudioTokens`.
 * @param prefix which of the requests an answer is made of.
 */
export function tokenCounts(
  prefix: 'http' | 'tts',
  usage: Partial<GenerateContentResponseUsageMetadata>,
): Record<string, number> {
  const counts: Record<string, number> = {};
  function add(name: string, count: number | undefined): void {
    if (count) counts[`${prefix}${name}Tokens`] = count;
  }
  add('Prompt', usage.promptTokenCount);
  add('Response', usage.candidatesTokenCount);
  add('Thoughts', usage.thoughtsTokenCount);
  for (const { modality, tokenCount } of usage.promptTokensDetails ?? [])
    add(`Prompt${capitalised(modality)}`, tokenCount);
  for (const { modality, tokenCount } of usage.candidatesTokensDetails ?? [])
    add(`Response${capitalised(modality)}`, tokenCount);
  return counts;
}

/** AUDIO → Audio. */
function capitalised(modality = 'other'): string {
  return modality.charAt(0) + modality.slice(1).toLowerCase();
}
