/** US dollars per million tokens. */
export interface Price {
  textIn: number;
  audioIn: number;
  imageIn: number;
  textOut: number;
  audioOut: number;
}

/**
 * The only place with prices: Google's list of November 2026, by model. Pictures cost what text does, thoughts what text out
 * does. A model that is missing here costs nobody knows how much: its tokens are counted, and no cost is named. Missing for
 * want of a published price: gemini-3.8-live-extended-thinking, gemini-3.1-flash-live-preview, and the models of the HTTP level.
 */
const PRICES: Readonly<Record<string, Price>> = {
  'gemini-3.8-live': { textIn: 0.75, audioIn: 3, imageIn: 0.75, textOut: 4.5, audioOut: 12 },
};

/** Undefined where the price is not known. @param model as in GEMINI_LIVE_MODEL: with or without `models/` and a version. */
export function priceOf(model: string): Price | undefined {
  const name = model.replace(/^models\//, '').replace(/-\d+$/, '');
  return Object.hasOwn(PRICES, name) ? PRICES[name] : undefined;
}
