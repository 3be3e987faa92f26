import type { ClassifiedFailure } from '../failure.ts';

/** Limits of one session; all in milliseconds. */
export interface SessionPolicy {
  /**
   * For each step to `setupComplete`: the TCP connection, TLS, the WebSocket, the set-up. A step takes one round trip (TLS
   * 1.2 two), so this is a dead peer even behind 2 s each way, where all of them together take 16 s.
   */
  setupTimeoutMs: number;
  /** The adapter promises `closed` within half a second; this guards against a broken promise. */
  closeTimeoutMs: number;
  /** From this age on a connection is replaced at the next turn boundary. Google ends it at about ten minutes. */
  rotateAfterMs: number;
  /** From this age on it is replaced even within a turn. */
  rotateByMs: number;
  /** How long a boundary waits for the handle that includes the turn just ended. */
  freshHandleWaitMs: number;
  pingEveryMs: number;
  /** Pongs can take 8 to 30 s on a live connection; only later than this is it dead. */
  pongWithinMs: number;
  /** Closed after this long without a turn; undefined: never. */
  idleCloseMs?: number;
  /** A connection that lived this long, or has answered, was good: the next failure is the first of its row. */
  stableAfterMs: number;
  /** Google gives handles two hours. */
  handleValidMs: number;
  /** After a used-up quota, where the server does not say how long to wait; also the most that failed tries before it add. */
  quotaWaitMs: number;
  /** After a used-up quota of the day: who speaks then is worth another try. Days end. */
  dayQuotaWaitMs: number;
  /** Someone who speaks is not kept waiting by the backoff, but for this much since the last try. */
  impatientAfterMs: number;
}

export const SESSION_POLICY: SessionPolicy = {
  setupTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
  rotateAfterMs: 510_000,
  rotateByMs: 570_000,
  freshHandleWaitMs: 2_000,
  pingEveryMs: 30_000,
  pongWithinMs: 30_000,
  idleCloseMs: 600_000,
  stableAfterMs: 10_000,
  handleValidMs: 7_200_000,
  quotaWaitMs: 20_000,
  dayQuotaWaitMs: 21_600_000,
  impatientAfterMs: 1_000,
};

/** The limits as the user has set them. @param geminiIdleCloseMinutes 0 keeps an idle connection open. */
export function sessionPolicy({ geminiIdleCloseMinutes }: { geminiIdleCloseMinutes: number }): SessionPolicy {
  const { idleCloseMs: _default, ...policy } = SESSION_POLICY;
  return geminiIdleCloseMinutes > 0 ? { ...policy, idleCloseMs: geminiIdleCloseMinutes * 60_000 } : policy;
}

export interface Handle {
  value: string;
  savedAtMs: number;
}

/** Why a connection is being closed, and so what follows. */
export type Aftermath = 'reopen' | 'idle' | 'backoff';

export type Phase =
  | { name: 'idle' }
  | { name: 'opening'; connection: number; deadlineMs: number; handle?: Handle; seeded: boolean; withTools: boolean }
  | {
      name: 'open';
      connection: number;
      sinceMs: number;
      seeded: boolean;
      withTools: boolean;
      resumed: boolean;
      /** A turn has been completed on it. */
      answered: boolean;
      rotateAfterMs: number;
      rotateByMs: number;
      pingAtMs: number;
      pongDueMs?: number;
    }
  | { name: 'closing'; connection: number; deadlineMs: number; aftermath: Aftermath }
  | { name: 'backoff'; untilMs: number }
  | { name: 'failed' };

export interface SessionState {
  readonly phase: Phase;
  readonly sinceMs: number;
  /** Failed tries in a row. */
  readonly attempt: number;
  readonly triedAtMs: number;
  readonly nextConnection: number;
  readonly handle?: Handle;
  /** False from the start of a turn until the handle that includes it has come. */
  readonly handleCurrent: boolean;
  readonly failure?: ClassifiedFailure;
  readonly enabled: boolean;
  /** A turn is at the server. */
  readonly busy: boolean;
  readonly usedAtMs: number;
  readonly seedAllowed: boolean;
  readonly toolsAllowed: boolean;
  readonly toolsOutdated: boolean;
}

export type SessionEvent = {
  atMs: number;
} /** Somebody starts to speak or asks: a connection will be needed in a moment. */ & (
  | { type: 'wanted' }
  | { type: 'enabled'; enabled: boolean }
  /** A step to the set-up is done. */
  | { type: 'progressed'; connection: number }
  | { type: 'opened'; connection: number }
  | { type: 'closed'; connection: number; failure: ClassifiedFailure; jitter: number }
  /** Anything came from the server. */
  | { type: 'heard'; connection: number }
  /** The server has completed a turn. */
  | { type: 'answered'; connection: number }
  | { type: 'goingAway'; connection: number; timeLeftMs: number }
  | { type: 'handleUpdated'; connection: number; handle?: string }
  | { type: 'busyChanged'; busy: boolean }
  /** A watchdog has found the connection useless. */
  | { type: 'gaveUpOn'; connection: number }
  | { type: 'toolsChanged' }
  | { type: 'timePassed'; jitter: number }
);

export type SessionEffect =
  /** `retellSinceMs`: what was said after this moment is unknown to the session that opens. */
  | { type: 'open'; connection: number; handle?: string; withTools: boolean; seed: boolean; retellSinceMs: number }
  | { type: 'close'; connection: number }
  | { type: 'ping'; connection: number }
  | { type: 'storeHandle'; handle?: Handle }
  | { type: 'count'; name: string };

export function initialSession(atMs: number, options: { enabled: boolean; handle?: Handle }): SessionState {
  return {
    phase: { name: 'idle' },
    sinceMs: atMs,
    attempt: 0,
    triedAtMs: Number.NEGATIVE_INFINITY,
    nextConnection: 1,
    ...(options.handle && { handle: options.handle }),
    handleCurrent: true,
    enabled: options.enabled,
    busy: false,
    usedAtMs: atMs,
    seedAllowed: true,
    toolsAllowed: true,
    toolsOutdated: false,
  };
}
