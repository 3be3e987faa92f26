/** A picture, as far as its worth to the model is concerned. */
export interface Shown {
  /** Pictures of one number look alike; undefined where the picture does not say. */
  readonly scene: number | undefined;
  readonly takenAtMs: number;
}

/** Older than this at the end of the question, a picture could miss what the wearer has just turned to. */
const CURRENT_MS = 300;

/**
 * Whether the model can do without the camera's newest picture, because it has been shown the same scene in this question.
 * At the question's end it always has one that is no older than 300 ms.
 * @param sent the last picture sent in this question, and when. @param resendMs after this long it is sent again all the same.
 */
export function needless(
  sent: (Shown & { readonly sentAtMs: number }) | undefined,
  newest: Shown,
  { ended, nowMs, resendMs }: { ended: boolean; nowMs: number; resendMs: number },
): boolean {
  if (sent?.scene === undefined || sent.scene !== newest.scene) return false;
  if (nowMs - sent.sentAtMs >= resendMs) return false;
  return !ended || nowMs - sent.takenAtMs <= CURRENT_MS;
}
