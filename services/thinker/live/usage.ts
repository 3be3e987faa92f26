import type { Price } from './prices.ts';
import type { TokenCounts } from './server-message.ts';

/** What the counts of one connection have been so far. */
export interface UsageState {
  readonly last?: TokenCounts;
}

export const NO_USAGE: UsageState = {};

/** Google's figure for sound, both ways. */
const AUDIO_TOKENS_PER_SECOND = 25;
const MILLION = 1_000_000;

/**
 * What a usage report adds to the bill. Some models count the turn, some the whole session; which one this is shows in the
 * sound that came since the last report: 25 tokens a second fit either the count itself or its difference.
 * @param spokenSeconds sound received since the last report.
 */
export function meterUsage(
  state: UsageState,
  reported: TokenCounts,
  spokenSeconds: number,
): { state: UsageState; spent: TokenCounts } {
  const { last } = state;
  const expected = spokenSeconds * AUDIO_TOKENS_PER_SECOND;
  const soundNow = audioOut(reported);
  const soundBefore = last ? audioOut(last) : 0;
  const cumulative =
    last !== undefined &&
    reported.prompt >= last.prompt &&
    reported.response >= last.response &&
    Math.abs(soundNow - soundBefore - expected) < Math.abs(soundNow - expected);
  return { state: { last: reported }, spent: cumulative ? minus(reported, last) : reported };
}

/**
 * The counts by name, with their cost where the price is known, as they go on `thinker/turn`. Tokens of no stated modality
 * count as text.
 */
export function billOf(spent: TokenCounts, price: Price | undefined): Record<string, number> {
  const { audio: audioIn = 0, image = 0, video = 0 } = spent.promptDetails;
  const imageIn = image + video;
  const textIn = Math.max(0, spent.prompt - audioIn - imageIn);
  const audioOutTokens = audioOut(spent);
  const textOut = Math.max(0, spent.response - audioOutTokens);
  const costUsd =
    price &&
    (textIn * price.textIn +
      audioIn * price.audioIn +
      imageIn * price.imageIn +
      (textOut + spent.thoughts) * price.textOut +
      audioOutTokens * price.audioOut) /
      MILLION;
  return {
    promptTextTokens: textIn,
    promptAudioTokens: audioIn,
    promptImageTokens: imageIn,
    responseTextTokens: textOut,
    responseAudioTokens: audioOutTokens,
    thoughtsTokens: spent.thoughts,
    totalTokens: spent.prompt + spent.response + spent.thoughts,
    ...(costUsd !== undefined && { costUsd }),
  };
}

/** A Live answer without details is sound: it is the session's only modality. */
function audioOut({ response, responseDetails }: TokenCounts): number {
  return Object.keys(responseDetails).length === 0 ? response : (responseDetails['audio'] ?? 0);
}

function minus(one: TokenCounts, other: TokenCounts): TokenCounts {
  return {
    prompt: one.prompt - other.prompt,
    response: one.response - other.response,
    thoughts: Math.max(0, one.thoughts - other.thoughts),
    total: Math.max(0, one.total - other.total),
    promptDetails: minusEach(one.promptDetails, other.promptDetails),
    responseDetails: minusEach(one.responseDetails, other.responseDetails),
  };
}

function minusEach(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(one).map(([name, count]) => [name, Math.max(0, count - (other[name] ?? 0))]),
  );
}
