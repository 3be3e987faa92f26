const UNITS = words(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
  (index) => index,
);
const TENS = words('twenty thirty forty fifty sixty seventy eighty ninety', (index) => 20 + index * 10);

function words(list: string, value: (index: number) => number): ReadonlyMap<string, number> {
  return new Map(list.split(' ').map((word, index) => [word, value(index)]));
}

/**
 * Number words up to 999 as numerals: "thirty five percent" → "35 percent", "two hundred and ten" → "210". Digits said one
 * by one stay apart ("nine one one" → "9 1 1"). A lone "one" stays a word: in "that one" it counts nothing.
 */
export function numeralsOf(sentence: string): string {
  const tokens = sentence.split(' ');
  const result: string[] = [];
  let index = 0;
  while (index < tokens.length) {
    const read = readNumber(tokens, index);
    if (read) {
      result.push(String(read.value));
      index += read.length;
    } else {
      result.push(tokens[index] ?? '');
      index += 1;
    }
  }
  return result.join(' ');
}

function readNumber(tokens: readonly string[], from: number): { value: number; length: number } | undefined {
  const first = readBelowHundred(tokens, from);
  const lone = first?.value === 1 && first.length === 1;
  if (first && tokens[from + first.length] === 'hundred') {
    const length = first.length + 1;
    const and = tokens[from + length] === 'and' ? 1 : 0;
    const rest = readBelowHundred(tokens, from + length + and);
    if (!rest) return { value: first.value * 100, length };
    return { value: first.value * 100 + rest.value, length: length + and + rest.length };
  }
  if (lone && !isNumeral(tokens[from - 1]) && !isNumeral(tokens[from + 1])) return undefined;
  return first;
}

function readBelowHundred(tokens: readonly string[], from: number): { value: number; length: number } | undefined {
  const word = tokens[from] ?? '';
  const tens = TENS.get(word);
  const unit = UNITS.get(tens === undefined ? word : (tokens[from + 1] ?? ''));
  if (tens === undefined) return unit === undefined ? undefined : { value: unit, length: 1 };
  return unit !== undefined && unit > 0 && unit < 10 ? { value: tens + unit, length: 2 } : { value: tens, length: 1 };
}

function isNumeral(word: string | undefined): boolean {
  return word !== undefined && (UNITS.has(word) || TENS.has(word) || /^\d+$/.test(word));
}
