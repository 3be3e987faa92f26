import { numeralsOf } from './numerals.ts';

/** Full forms, so that a rule is written once and not for every way to shorten it. Applied in this order. */
const EXPANSIONS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:can't|cannot)\b/g, 'can not'],
  [/\bwon't\b/g, 'will not'],
  [/n't\b/g, ' not'],
  [/\blet's\b/g, 'let us'],
  [/\b(what|who|where|how|that|there|here|it|she|he|when|why)'s\b/g, '$1 is'],
  [/'m\b/g, ' am'],
  [/'re\b/g, ' are'],
  [/'ve\b/g, ' have'],
  [/'ll\b/g, ' will'],
  [/'d\b/g, ' would'],
  [/'s\b/g, ' s'],
  // "Aren't you…", "isn't there…" ask the same as without the negation.
  [/^(why )?(do|does|did|can|could|would|will|is|are) not (you|we|i|it|there|that|this)\b/g, '$2 $3'],
  [/\bgonna\b/g, 'going to'],
  [/\bwanna\b/g, 'want to'],
  [/\bgimme\b/g, 'give me'],
  [/\bcolor/g, 'colour'],
  [/\brecognize/g, 'recognise'],
  [/\bcenter\b/g, 'centre'],
  [/\b(?:mic|mike)\b/g, 'microphone'],
  [/\bper cent\b|%/g, ' percent'],
  [/\b(?:someone|somebody|anyone)\b/g, 'anybody'],
  [/\bnot (?:quite|really|exactly|fully|even) (?=\w)/g, 'not '],
  [/\bhave (you|i|we) got\b/g, 'do $1 have'],
  [/\b(i|you|we) have got\b/g, '$1 have'],
  // "Would you mind speaking up" asks to speak up; verbs that end in e are left to the rules.
  [/\b(?:would|do) you mind (\w+?)(\w)?(?:\2)ing\b/g, 'can you $1$2'],
  [/\b(?:would|do) you mind (\w+)ing\b/g, 'can you $1'],
  // Haste and stammering say a word twice; it counts once, but for what is a rule by being said again.
  [/\b(careful|look|watch|please|where|what|can|how|is|i) (?=\1\b)/g, ''],
];

/** Said before a request without changing it. */
const LEADING =
  /^(?:please|no(?! more)|yes|yeah|anybody(?= call| get)|hey|hi|hello|ok|okay|alright|right|so|well|and|but|then|now|just|oh|ouch|god|ah|actually|sorry|excuse me|listen|cortex|hold on|wait|maybe|(?:can|could|would|will) you(?: please| just)?|i (?:want|need) you to|i would like you to|you (?:can|may|should|could)|i said|i think|i guess|let us|tell me|do you know|do you have (?:any|an) idea|i (?:want|need|would like) to know|let me know|i wonder|i do not know|i have no idea|i am not sure|i can not remember|i forgot) +(?=\S)/;
/** Said after a request without changing it. */
const TRAILING =
  / +(?:please|now|right now|thanks|thank you|for me|to me|for a (?:moment|second|minute|bit)|for now|okay|ok|alright|cortex|then|again|immediately|at once|slowly|more slowly|clearly|more clearly|a bit|a little|a little bit|very well|at all|any more|anymore|properly|here|today)$/;
/** "Louder, louder!" */
const REPEATED = /^(.+?)(?: \1)+$/;
/** What is left of "can you tell me what this is", in the order of a question. */
const INDIRECT = /^(what|where|who|how) ((?:this|that|it|he|she|we|i|they|(?:the|my|your) [^ ]+)) (is|are|am)$/;
/** Hesitation carries no meaning anywhere in a sentence. */
const HESITATION = /(?<![\w'])(?:u+h+|u+m+|e+r+m*|h+m+|m+h*m+|a+h+m)(?![\w'])/g;

/**
 * Nobody asks for anything in more: a minute of speech, and a long breath. The end counts, and matching stays linear in
 * what is left, whatever a text of 32,000 characters is made of.
 */
const MAX_CHARACTERS = 1_000;
const MAX_WORDS = 40;
const MAX_SENTENCES = 10;

export interface Sentence {
  text: string;
  /** The parts between commas; the sentence itself where it has none. */
  clauses: string[];
}

/**
 * The sentences of a transcript in plain form: lower case, full forms, numerals for number words, no punctuation, no
 * hesitation. "Uh, what's the TIME? Set it to fifty!" becomes "what is the time" and "set it to 50".
 */
export function sentencesOf(transcript: string): Sentence[] {
  return transcript
    .slice(-MAX_CHARACTERS)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    .replace(/\[[^\]]*\]|\([^)]*\)|♪/g, ' ')
    .split(/[.?!;…]+(?=\s|$)/)
    .map((sentence) => ({ text: plain(sentence), clauses: sentence.split(',').map(plain).filter(isSpoken) }))
    .filter(({ text }) => isSpoken(text))
    .slice(-MAX_SENTENCES);
}

function isSpoken(text: string): boolean {
  return text !== '';
}

function plain(sentence: string): string {
  let text = sentence.replace(HESITATION, ' ').trim();
  for (const [short, full] of EXPANSIONS) text = text.replace(short, full);
  text = text
    .replace(/[^\p{L}\p{N}' ]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim();
  return numeralsOf(text.split(' ').slice(-MAX_WORDS).join(' '));
}

/**
 * The sentence and what remains of it when the courtesies around the request are taken off one by one. All of them are worth
 * a look: "can you" is courtesy in "can you stop" and the question itself in "can you hear me".
 */
export function requestsOf(sentence: string): string[] {
  let request = sentence.replace(REPEATED, '$1');
  const requests = request === sentence ? [sentence] : [sentence, request];
  for (;;) {
    const shorter = LEADING.test(request) ? request.replace(LEADING, '') : request.replace(TRAILING, '');
    if (shorter === request) return requests;
    request = shorter;
    requests.push(request);
    const asked = request.replace(INDIRECT, '$1 $3 $2');
    if (asked !== request) requests.push(asked);
  }
}
