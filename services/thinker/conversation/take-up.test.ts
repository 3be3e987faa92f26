import { describe, expect, it } from 'vitest';
import { takeUp } from './take-up.ts';
import { newTurn, type Turn } from './turn.ts';

const spoken: Turn = { ...newTurn(7, 'speech', 'live', 3), phase: 'thinking', userText: 'why?' };
const answering: Partial<Turn> = { phase: 'speaking', replySamples: 100, modelText: 'Because it is so.' };
const failed = (message: string) => ({
  type: 'turnLeftBehind',
  turn: { number: 7 },
  failure: { kind: 'restarted', message: expect.stringContaining(message) },
});

describe('a turn that a predecessor was in the middle of', () => {
  it.each([
    ['a spoken question goes on under its number', spoken, undefined, [{ type: 'turnInherited', turn: 7 }], [3]],
    [
      'a written one is asked again',
      newTurn(7, 'ask', 'live'),
      { turn: 7, kind: 'ask', text: 'where?', withFrame: true } as const,
      [failed('asks again'), { type: 'textAsked', kind: 'ask', text: 'where?', userText: 'where?', withFrame: true }],
      [],
    ],
    [
      'an announcement is spoken again',
      newTurn(7, 'say', 'live'),
      { turn: 7, kind: 'say', text: 'Left.', withFrame: false } as const,
      [failed('asks again'), { type: 'textAsked', kind: 'say', text: 'Left.', userText: '' }],
      [],
    ],
    [
      'half an answer is finished from where it was heard',
      { ...spoken, ...answering, playedSamples: 60 },
      undefined,
      [failed('asks again'), { type: 'textAsked', text: expect.stringMatching(/why\?.*Because/), userText: '' }],
      [],
    ],
    [
      'half an answer to nobody knows what is given anew',
      { ...spoken, ...answering, userText: '' },
      undefined,
      [failed('asks again')],
      [3],
    ],
    [
      'an announcement, half spoken, is not repeated',
      { ...newTurn(7, 'say', 'live'), ...answering },
      { turn: 7, kind: 'say', text: 'Left.', withFrame: false } as const,
      [failed('asks again')],
      [],
    ],
  ])('%s', (_what, active, text, news, recall) => {
    const taken = takeUp({ active, ...(text && { texts: [text] }) }, 1_000);
    expect(taken).toMatchObject({ news, recall });
    expect(taken.news).toHaveLength(news.length);
  });

  it('whose sound is left is finished from where that ends: all of it will be heard', () => {
    const active = { ...spoken, ...answering, playedSamples: 60 };
    const textOf = (isSoundLeft: boolean) => takeUp({ active }, 1_000, (turn) => isSoundLeft && turn === 7).news[1];
    expect(textOf(true)).toMatchObject({ text: expect.stringContaining('"Because it is so."') });
    expect(textOf(false)).toMatchObject({ text: expect.stringContaining('"Because it"') });
  });

  it('and the questions behind it are asked for, in their order', () => {
    const waiting = [4, 5].map((utterance) => ({ turn: utterance + 4, utterance }));
    const { news, recall } = takeUp({ active: spoken, waiting }, 1_000);
    expect(news.map(({ type }) => type)).toEqual(['turnInherited', 'turnInherited', 'turnInherited']);
    expect(recall).toEqual([3, 4, 5]);
  });

  it('and the texts behind it are asked and said after that', () => {
    const texts = [
      { turn: 8, kind: 'say', text: 'Left.', withFrame: false },
      { turn: 9, kind: 'ask', text: 'what is that?', withFrame: true },
    ] as const;
    expect(takeUp({ active: spoken, texts, waiting: [{ turn: 10, utterance: 4 }] }, 1_000).news.slice(2)).toEqual([
      { type: 'textAsked', kind: 'say', text: 'Left.', userText: '', withFrame: false },
      { type: 'textAsked', kind: 'ask', text: 'what is that?', userText: 'what is that?', withFrame: true },
    ]);
  });

  it.each([30_000, -30_000])('ends when the clock says %i ms later, and nothing is asked again', (awayMs) => {
    const playing = [{ ...newTurn(6, 'say', 'live'), ...answering }];
    const texts = [{ turn: 9, kind: 'ask', text: 'where?', withFrame: false }] as const;
    const taken = takeUp({ active: spoken, texts, waiting: [{ turn: 8, utterance: 4 }], playing }, awayMs);
    expect(taken).toMatchObject({
      news: [{ turn: { number: 6 } }, failed('too long'), { turn: { number: 8, utterance: 4 }, failure: {} }],
      recall: [],
    });
    expect(taken.news).toHaveLength(3);
    expect(taken.news[0]).not.toHaveProperty('failure');
  });
});
