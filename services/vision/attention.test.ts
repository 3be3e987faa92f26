import { describe, expect, it } from 'vitest';
import type { Speech } from '#shared/contract/audio-in.ts';
import { hearQuestion, hearSpeech, NO_ATTENTION } from './attention.ts';

const speech = (state: Speech['state'], utterance = 7): Speech => ({
  utterance,
  state,
  probability: 0.9,
  speechMs: 100,
  at: 0,
});

describe('attention', () => {
  it('lasts from the first possible speech to its end', () => {
    const possible = hearSpeech(NO_ATTENTION, speech('possible'), 1_000);
    const started = hearSpeech(possible, speech('started'), 1_250);
    expect(possible.untilMs).toBeGreaterThan(10_000);
    expect(started.untilMs).toBeGreaterThan(10_000);
    expect(hearSpeech(started, speech('ended'), 4_000).untilMs).toBeLessThan(4_000);
    expect(hearSpeech(possible, speech('discarded'), 1_500).untilMs).toBeLessThan(1_500);
  });

  it('is not taken away by the late end of an earlier utterance', () => {
    const second = hearSpeech(NO_ATTENTION, speech('possible', 8), 1_000);
    expect(hearSpeech(second, speech('ended', 7), 1_100)).toEqual(second);
  });

  it('ends by itself when the end of the speech is never heard', () => {
    expect(hearSpeech(NO_ATTENTION, speech('started'), 0).untilMs).toBeLessThan(120_000);
  });

  it('is short for a question in text and does not shorten that of speech', () => {
    expect(hearQuestion(NO_ATTENTION, 1_000).untilMs).toBeLessThan(2_500);
    const speaking = hearSpeech(NO_ATTENTION, speech('started'), 1_000);
    expect(hearQuestion(speaking, 1_200)).toEqual(speaking);
  });
});
