import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyOf, type LedgerEntry, remember } from './ledger.ts';
import { heardText, joinTranscript, newTurn, type Turn } from './turn.ts';

function turn(number: number, fields: Partial<Turn> = {}): Turn {
  return { ...newTurn(number, 'speech', 'live'), phase: 'done', userText: 'why?', modelText: 'Because.', ...fields };
}

describe('the ledger', () => {
  it('tells a new session what was said, in turns', () => {
    const ledger = [turn(1), turn(2)].reduce<LedgerEntry[]>((all, one) => remember(all, one, one.number), []);
    expect(historyOf(ledger, 0)).toEqual([
      { role: 'user', text: 'why?' },
      { role: 'model', text: 'Because.' },
      { role: 'user', text: 'why?' },
      { role: 'model', text: 'Because.' },
    ]);
    expect(historyOf(ledger, 1)).toHaveLength(2);
  });

  it('holds of a cut answer only what was heard, and says that it was cut', () => {
    const cut = turn(1, {
      phase: 'interrupted',
      modelText: 'One two three four',
      replySamples: 100,
      playedSamples: 50,
    });
    const [, line] = historyOf(remember([], cut, 5), 0);
    expect(line?.text).toMatch(/^One two — \[interrupted/);
  });

  it('is corrected when the loudspeaker reports the exact place', () => {
    const cut = turn(1, {
      phase: 'interrupted',
      modelText: 'One two three four',
      replySamples: 100,
      playedSamples: 90,
    });
    const ledger = remember(remember([], cut, 5), { ...cut, playedSamples: 0 }, 6);
    expect(ledger).toHaveLength(1);
    expect(ledger[0]?.heard).toBe('');
  });

  it('counts a turn as known to every handle that came after its answer was complete', () => {
    const [entry] = remember([], turn(1, { timings: { generationComplete: 3 } }), 9);
    expect(entry?.atMs).toBe(3);
  });

  it('stays small', () => {
    let ledger: LedgerEntry[] = [];
    for (let number = 0; number < 200; number += 1) {
      ledger = remember(ledger, turn(number, { modelText: 'x'.repeat(1_000) }), number);
    }
    expect(ledger.length).toBeLessThan(15);
    expect(ledger.at(-1)?.turn).toBe(199);
  });
});

describe('the part of an answer that was heard', () => {
  it('ends with a whole word and grows with the position', () => {
    const words = fc
      .array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 30 })
      .map((all) => all.join(' '));
    fc.assert(
      fc.property(words, fc.nat(1000), fc.nat(1000), (modelText, one, other) => {
        const at = (playedSamples: number) => heardText(turn(1, { modelText, replySamples: 1000, playedSamples }));
        const [less, more] = [at(Math.min(one, other)), at(Math.max(one, other))];
        expect(more.startsWith(less)).toBe(true);
        expect(modelText === less || modelText.startsWith(`${less} `) || less === '').toBe(true);
      }),
    );
  });
});

describe('a transcript in pieces', () => {
  it.each([
    ['', 'Hel', 'Hel'],
    ['Hel', 'lo there.', 'Hello there.'],
    ['no', 'no', 'nono'],
    ['It is a red door.', 'It is a red door.', 'It is a red door.'],
    ['It is a red door.', 'It is a red door. Open it.', 'It is a red door. Open it.'],
  ])('%j and %j make %j', (soFar, piece, whole) => {
    expect(joinTranscript(soFar, piece)).toBe(whole);
  });
});
