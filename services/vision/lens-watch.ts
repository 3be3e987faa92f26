/** Whether the lens shows anything at all. */
export interface LensState {
  readonly darkSinceMs?: number;
  /** Said already; not again before it has cleared. */
  readonly announced: boolean;
}

export type LensNews = 'darkened' | 'cleared';

/**
 * Mean brightness, 0 to 255. A covered lens with the gain at its limit gives noise around 5; a street at night with
 * its lamps 20 and more.
 */
const DARK_BELOW = 12;
const CLEAR_ABOVE = 20;
const DARK_FOR_MS = 3_000;

export const OPEN_LENS: LensState = { announced: false };

/** News once: `darkened` when the picture has been black for three seconds, `cleared` when it no longer is. */
export function watchLens(
  state: LensState,
  { atMs, brightness }: { atMs: number; brightness: number },
): { state: LensState; news?: LensNews } {
  if (state.announced) {
    return brightness > CLEAR_ABOVE ? { state: OPEN_LENS, news: 'cleared' } : { state };
  }
  if (brightness >= DARK_BELOW) return { state: OPEN_LENS };
  const darkSinceMs = state.darkSinceMs ?? atMs;
  if (atMs - darkSinceMs < DARK_FOR_MS) return { state: { darkSinceMs, announced: false } };
  return { state: { darkSinceMs, announced: true }, news: 'darkened' };
}
