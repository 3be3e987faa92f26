import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutPieces, PIECE_LIMITS, speakable } from './sentences.ts';

/** No merging of short sentences, so that every boundary shows. */
const EVERY_SENTENCE = { firstClause: 1_000, minimum: 1, maximum: 1_000 };

function cutInDrops(drops: readonly string[], limits = PIECE_LIMITS): string[] {
  const pieces: string[] = [];
  let rest = '';
  for (const [index, drop] of [...drops, ''].entries()) {
    const cut = cutPieces(rest + drop, pieces.length, index === drops.length, limits);
    pieces.push(...cut.pieces);
    rest = cut.rest;
  }
  return pieces;
}

describe('a sentence', () => {
  it.each([
    ['Stop here. The light is red!', ['Stop here.', 'The light is red!']],
    ['Is it far? No.', ['Is it far?', 'No.']],
    ['Dr. Brown lives at 5 St. James St. near Mr. Lee.', ['Dr. Brown lives at 5 St. James St. near Mr. Lee.']],
    ['It costs 3.50 euros. Take two.', ['It costs 3.50 euros.', 'Take two.']],
    ['See www.example.com. Or call J. Smith.', ['See www.example.com.', 'Or call J. Smith.']],
    ['Turn e.g. left, i.e. west. Go.', ['Turn e.g. left, i.e. west.', 'Go.']],
    ['At 5 p.m. it closes. At 6 p.m. They leave.', ['At 5 p.m. it closes.', 'At 6 p.m.', 'They leave.']],
    ['Well... maybe. Yes… Perhaps.', ['Well... maybe.', 'Yes…', 'Perhaps.']],
    ['He said "Go!" Then he left.', ['He said "Go!"', 'Then he left.']],
    ['1. Turn left.\n2. Walk on.', ['1. Turn left.', '2. Walk on.']],
    ['A heading\nSome text', ['A heading', 'Some text']],
    ['前に進んで。右へ。', ['前に進んで。', '右へ。']],
    ['It is 10. Nothing else.', ['It is 10.', 'Nothing else.']],
  ])('ends where a person would end it: %s', (text, pieces) => {
    expect(cutInDrops([text], EVERY_SENTENCE)).toEqual(pieces);
  });

  it('is handed out as soon as the next one begins', () => {
    expect(cutPieces('There is a bus. ', 0, false).pieces).toEqual([]);
    expect(cutPieces('There is a bus. I', 0, false)).toEqual({ pieces: ['There is a bus.'], rest: 'I' });
  });
});

describe('a piece', () => {
  it('at the very beginning ends at a comma where the sentence is long', () => {
    const text =
      'There is a wide zebra crossing some five metres ahead, and behind it, on the left, a bakery. It is open.';
    expect(cutInDrops([text])).toEqual([
      'There is a wide zebra crossing some five metres ahead,',
      'and behind it, on the left, a bakery. It is open.',
    ]);
  });

  it('holds several short sentences once the first was spoken', () => {
    expect(cutInDrops(['Yes. It is a bus. It is red. It comes from the left. It stops.'])).toEqual([
      'Yes.',
      'It is a bus. It is red. It comes from the left.',
      'It stops.',
    ]);
  });

  it('is cut between words where nothing else helps, and within one at worst', () => {
    const limits = { firstClause: 9, minimum: 4, maximum: 10 };
    expect(cutInDrops(['one two three four'], limits)).toEqual(['one two', 'three four']);
    expect(cutInDrops(['abcdefghijklmnop'], limits)).toEqual(['abcdefghij', 'klmnop']);
    expect(cutInDrops([`abcdefghi${'😀'.repeat(3)}`], limits)).toEqual(['abcdefghi', '😀😀😀']);
  });
});

describe('any text', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'Dr.',
      'e.g.',
      'Yes.',
      'no?',
      'Go!',
      '3.5',
      'J.',
      '"Hm."',
      'well,',
      'and',
      'x…',
      '。',
      '\n',
      '2.',
      '😀',
    ),
    fc.string({ maxLength: 12 }),
  );
  const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(' '));
  const limits = { firstClause: 10, minimum: 12, maximum: 40 };

  it('gives the same pieces however it was divided into drops', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
        const at = [0, ...cuts.filter((cut) => cut <= whole.length), whole.length].sort((a, b) => a - b);
        const drops = at.slice(1).map((end, index) => whole.slice(at[index], end));
        expect(cutInDrops(drops, limits)).toEqual(cutInDrops([whole], limits));
      }),
    );
  });

  it('is spoken whole, in order, in pieces of bounded length', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const pieces = cutInDrops([whole], limits);
        expect(pieces.join('').replace(/\s/g, '')).toBe(whole.replace(/\s/g, ''));
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(limits.maximum);
      }),
    );
  });
});

describe('what is spoken', () => {
  it.each([
    ['**Careful**: a `step`.', 'Careful: a step.'],
    ['## Ahead\n- a door\n* a wall', 'Ahead a door a wall'],
    ['See [the map](http://example.com/a_b).', 'See the map.'],
    ['a snake_case name, _really_', 'a snake_case name, really'],
    ['2 * 3', '2 3'],
    ['— … —', ''],
  ])('has no marks of Markdown: %s', (text, spoken) => {
    expect(speakable(text)).toBe(spoken);
  });
});
