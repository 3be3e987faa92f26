/** Lengths in characters. */
export interface PieceLimits {
  /** The first piece is cut at a comma from here on, so that the first sound does not wait for a long sentence. */
  readonly firstClause: number;
  /** Later sentences shorter than this are spoken together with the next one: fewer requests, better prosody. */
  readonly minimum: number;
  /** No piece is longer. */
  readonly maximum: number;
}

/** Speech runs at about 15 characters a second: a first piece of 3 s or less, later ones of 3 to 16 s. */
export const PIECE_LIMITS: PieceLimits = { firstClause: 45, minimum: 45, maximum: 240 };

export interface Cut {
  readonly pieces: string[];
  /** What is not yet known to be whole. */
  readonly rest: string;
}

/** Always followed by a name or a number, so never an end. */
const NEVER_LAST = new Set(
  'mr mrs ms dr prof st no vs e.g i.e approx fig cf gen col capt lt sgt rev hon mt ft'.split(' '),
);
/** A full stop, with what may close a quotation after it. A line break ends a piece, too. */
const SENTENCE_END = /(?:[.!?…]+["'”’»)\]]*(?=\s)|[。！？]+["'”’»)\]]*|\n)/g;
const CLAUSE_END = /[,;:–—]["'”’»)\]]*(?=\s)/g;

/**
 * Cuts pieces worth speaking off the front of a growing text. Where text comes in drops, call it with the last `rest` and
 * the new drop joined; the pieces are the same however the text was divided.
 * @param spoken pieces cut off this text before. @param ended nothing will follow, so that `rest` becomes the last piece.
 */
export function cutPieces(text: string, spoken: number, ended: boolean, limits: PieceLimits = PIECE_LIMITS): Cut {
  const pieces: string[] = [];
  let rest = text.trimStart();
  for (;;) {
    const first = spoken + pieces.length === 0;
    const end = pieceEnd(rest, first, limits);
    if (end === undefined) break;
    pieces.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trimStart();
  }
  if (ended && rest) {
    pieces.push(rest.trim());
    rest = '';
  }
  return { pieces, rest };
}

/** Where the first piece ends; undefined while that cannot be told. Looks from left to right only, so drops do not matter. */
function pieceEnd(text: string, first: boolean, limits: PieceLimits): number | undefined {
  const sentence = sentenceEnd(text, first ? 1 : limits.minimum, limits.maximum);
  const clause = first ? matchEnds(text, CLAUSE_END, limits.firstClause)[0] : undefined;
  if (clause !== undefined && clause <= limits.maximum && clause < (sentence ?? text.length)) return clause;
  if (sentence !== undefined || text.length <= limits.maximum) return sentence;
  const head = text.slice(0, limits.maximum);
  return (
    matchEnds(head, CLAUSE_END, limits.minimum).at(-1) ?? matchEnds(head, /\s/g, 1).at(-1) ?? wholeCharacters(head)
  );
}

/** The first end of a sentence in reach whose follower is known: a small letter after a full stop goes on with the sentence. */
function sentenceEnd(text: string, minimum: number, maximum: number): number | undefined {
  for (const match of text.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    if (end > maximum) return undefined;
    const next = /\S/.exec(text.slice(end))?.[0];
    if (next === undefined) return undefined;
    if (end >= minimum && isSentenceEnd(text.slice(0, match.index), match[0], next)) return end;
  }
  return undefined;
}

function isSentenceEnd(before: string, mark: string, next: string): boolean {
  if (mark === '\n' || /[。！？]/.test(mark)) return true;
  if (/\p{Ll}/u.test(next)) return false;
  if (mark !== '.') return true;
  const lastWord = (/\S+$/.exec(before)?.[0] ?? '').replace(/^["'“‘«([]+/, '');
  if (NEVER_LAST.has(lastWord.toLowerCase())) return false;
  // An initial («J. Smith») or the number of a list («2. Turn left»).
  return !/^\p{Lu}$/u.test(lastWord) && !(/^\d{1,2}$/.test(lastWord) && /(^|\n)\s*\d+$/.test(before));
}

/** Ends of all matches from a length on. */
function matchEnds(text: string, pattern: RegExp, from: number): number[] {
  return Array.from(text.matchAll(pattern), (match) => match.index + match[0].length).filter((end) => end >= from);
}

/** The length without half a surrogate pair at the end. */
function wholeCharacters(text: string): number {
  return /[\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length;
}

/**
 * The text without the marks of Markdown, which a voice would read out or stumble over; empty where nothing is left to say.
 * Models add them whatever they are told.
 */
export function speakable(text: string): string {
  const plain = text
    .replace(/^[ \t]*(?:#{1,6}|[-*•>])[ \t]+/gm, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*+|`+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  return /[\p{L}\p{N}]/u.test(plain) ? plain : '';
}
