import { describe, expect, it } from 'vitest';
import { priceOf } from './prices.ts';
import type { TokenCounts } from './server-message.ts';
import { billOf, meterUsage, NO_USAGE } from './usage.ts';

function counts(audioIn: number, textIn: number, audioOut: number, thoughts = 0): TokenCounts {
  return {
    prompt: audioIn + textIn,
    response: audioOut,
    thoughts,
    total: audioIn + textIn + audioOut + thoughts,
    promptDetails: { audio: audioIn, text: textIn },
    responseDetails: { audio: audioOut },
  };
}

const live = priceOf('gemini-3.8-live');

describe('the meter', () => {
  it('agrees with a conversation computed by hand', () => {
    // Three questions of 2 s, answers of 4, 2 and 6 s; 200 tokens of instruction; the context is billed again every turn.
    const turns = [
      { report: counts(50, 200, 100), seconds: 4 },
      { report: counts(200, 200, 50), seconds: 2 },
      { report: counts(300, 200, 150), seconds: 6 },
    ];
    let state = NO_USAGE;
    let costUsd = 0;
    for (const { report, seconds } of turns) {
      const step = meterUsage(state, report, seconds);
      state = step.state;
      costUsd += billOf(step.spent, live)['costUsd'] ?? 0;
    }
    // 550 audio in at $3, 600 text in at $0.75, 300 audio out at $12, per million: $0.00165 + $0.00045 + $0.0036.
    expect(costUsd).toBeCloseTo(0.0057, 10);
  });

  it('takes differences where the counts are of the whole session', () => {
    const first = meterUsage(NO_USAGE, counts(50, 200, 100), 4);
    const second = meterUsage(first.state, counts(250, 400, 150), 2);
    expect(second.spent).toMatchObject({ prompt: 400, response: 50, promptDetails: { audio: 200, text: 200 } });
  });

  it('books a report that is repeated once', () => {
    const first = meterUsage(NO_USAGE, counts(50, 200, 100), 4);
    expect(meterUsage(first.state, counts(50, 200, 100), 0).spent).toMatchObject({ prompt: 0, response: 0 });
  });

  it('bills thoughts as text out, and what has no modality as text in', () => {
    const spent = { ...counts(0, 0, 0, 1_000_000), prompt: 1_000_000, promptDetails: {} };
    expect(billOf(spent, live)).toMatchObject({ promptTextTokens: 1_000_000, costUsd: 0.75 + 4.5 });
  });

  it.each([
    ['gemini-3.8-live', true],
    ['models/gemini-3.8-live', true],
    ['gemini-3.8-live-001', true],
    ['gemini-3.8-live-extended-thinking', false],
    ['gemini-3.1-flash-live-preview', false],
    ['gemini-9', false],
    ['constructor', false],
  ])('knows a price for %s: %s', (model, known) => {
    expect(priceOf(model) !== undefined).toBe(known);
  });

  it('counts the tokens of a model whose price nobody knows, and names no cost, not even 0', () => {
    const bill = billOf(counts(50, 200, 100), priceOf('gemini-9'));
    expect(bill).toMatchObject({ promptAudioTokens: 50, responseAudioTokens: 100, totalTokens: 350 });
    expect(bill).not.toHaveProperty('costUsd');
  });
});
