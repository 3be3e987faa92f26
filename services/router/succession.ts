import type { Status } from '#shared/contract/service.ts';

/**
 * Which of two overlapping router processes acts. In a reload the successor listens while the predecessor still acts; both
 * change places at the same message, the successor's own announcement, so that nothing is done twice or not at all.
 */
export interface Succession {
  readonly pid: number;
  readonly acts: boolean;
  /** Unix milliseconds, known once our own announcement has come back. */
  readonly startedAtMs?: number;
}

export function newSuccession(pid: number): Succession {
  return { pid, acts: true };
}

export function statusSeen(state: Succession, { pid, state: presence, startedAt }: Status): Succession {
  const online = presence === 'online';
  if (pid === state.pid) return online ? { ...state, acts: true, startedAtMs: startedAt } : state;
  const isPredecessor = state.startedAtMs === undefined || startedAt < state.startedAtMs;
  if (!online) return { ...state, acts: true };
  return isPredecessor && state.startedAtMs !== undefined ? state : { ...state, acts: false };
}
