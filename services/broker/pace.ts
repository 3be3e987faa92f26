/** How much one publisher may still send at once. */
export interface Pace {
  readonly allowance: number;
  readonly refilledAtMs: number;
}

/**
 * A publisher's sustained pace, in bytes a second, and how far it may run ahead: the whole stack in conversation sends
 * 0.4 MB/s, a resend of 20 s of speech costs 1.7 MB at once. At this pace a flood takes a sixth of one desktop-class core.
 */
const REFILL_PER_SECOND = 4_000_000;
const MAX_ALLOWANCE = 2_000_000;
/** What a packet costs beside its bytes: routing a tiny one costs the time of copying some kilobytes. */
const PACKET_COST = 1_000;

export function freshPace(nowMs: number): Pace {
  return { allowance: MAX_ALLOWANCE, refilledAtMs: nowMs };
}

/** Accounts for what has just arrived; `waitMs` is how long to leave the socket unread, 0 within the pace. */
export function spend(pace: Pace, bytes: number, packets: number, nowMs: number): { pace: Pace; waitMs: number } {
  const refill = ((nowMs - pace.refilledAtMs) * REFILL_PER_SECOND) / 1_000;
  const allowance = Math.min(MAX_ALLOWANCE, pace.allowance + refill) - bytes - packets * PACKET_COST;
  const waitMs = allowance >= 0 ? 0 : Math.ceil((-allowance * 1_000) / REFILL_PER_SECOND);
  return { pace: { allowance, refilledAtMs: nowMs }, waitMs };
}
