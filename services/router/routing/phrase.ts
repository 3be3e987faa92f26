/**
 * One way to say something, in a notation a person reads without a manual:
 * `(a|b c)` one of these, `[please]` may be there, `*` any words or none, `_` one to four words, `#` a numeral.
 * Everything else stands for itself. Phrases are matched against plain sentences (see normalise.ts).
 */
export interface Phrase {
  /** Where the phrase lies in the sentence, or undefined where it does not. */
  find(sentence: string): PhraseMatch | undefined;
}

export interface PhraseMatch {
  /** Words of the phrase itself, wildcards not counted: the more, the surer. */
  spelledWords: number;
  /** Index of the match's first character. */
  start: number;
  /** The numeral that stood for `#`. */
  number?: number;
}

/** whole: nothing else in the sentence. begins: the sentence starts so. anywhere: said somewhere in it. */
export type Anchor = 'whole' | 'begins' | 'anywhere';

/** Throws RangeError on a phrase whose brackets do not match. */
export function compilePhrase(notation: string, anchor: Anchor): Phrase {
  const before = anchor === 'anywhere' ? '(?<![^ ])' : '^';
  const after = anchor === 'whole' ? '$' : '';
  let pattern: RegExp;
  try {
    pattern = new RegExp(`${before}${patternOf(notation)}${after}`);
  } catch (error) {
    throw new RangeError(`the phrase "${notation}" is not well formed`, { cause: error });
  }
  return {
    find(sentence) {
      const match = pattern.exec(sentence);
      if (!match) return undefined;
      let wildcardWords = 0;
      for (const [name, words] of Object.entries(match.groups ?? {}))
        if (name.startsWith('any')) wildcardWords += wordCount(words ?? '');
      const { number } = match.groups ?? {};
      return {
        spelledWords: wordCount(match[0]) - wildcardWords,
        start: match.index,
        ...(number !== undefined && { number: Number(number) }),
      };
    },
  };
}

/** A space belongs to the token before it, so that an optional word takes its space along. */
function patternOf(notation: string): string {
  let wildcards = 0;
  const pattern = notation
    .trim()
    .replace(/ *([[\]()|]) */g, '$1')
    .split(/([[\]()|]| +)/)
    .filter((token) => token.trim() !== '')
    .map((token) => {
      if (token === '[' || token === '(') return '(?:';
      if (token === ']') return ')?';
      if (token === ')' || token === '|') return token;
      if (token === '#') return '(?<number>\\d+)(?: |$)';
      if (token === '*') return `(?<any${wildcards++}>(?:[^ ]+(?: |$))*?)`;
      if (token === '_') return `(?<any${wildcards++}>(?:[^ ]+(?: |$)){1,4}?)`;
      return `${token}(?: |$)`;
    });
  return pattern.join('');
}

function wordCount(text: string): number {
  const trimmed = text.trim();
  return trimmed === '' ? 0 : trimmed.split(' ').length;
}
