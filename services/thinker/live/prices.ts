/** US dollars per million tokens. */
export interface Price {
  textIn: number;
  audioIn: number;
  imageIn: number;
  textOut: number;
  audioOut: number;
}

/**
 * What Google charges, by the beginning of the model's name; the first match counts. gemini-3.8-live: $3 audio in, $12 out;
 * text $0.75 in, $4.50 out; pictures as text (price list of November 2026). Thoughts are billed as text out.
 */
const PRICES: readonly (readonly [string, Price])[] = [
  ['', { textIn: 0.75, audioIn: 3, imageIn: 0.75, textOut: 4.5, audioOut: 12 }],
];

export function priceOf(model: string): Price {
  const row = PRICES.find(([beginning]) => model.startsWith(beginning));
  return row?.[1] ?? { textIn: 0, audioIn: 0, imageIn: 0, textOut: 0, audioOut: 0 };
}
