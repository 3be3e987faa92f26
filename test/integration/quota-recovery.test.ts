import { expect, it } from 'vitest';
import type { Session } from '#shared/contract/thinker.ts';
import { initialLevel, nextLevel, type ServiceLevel } from '../../services/router/level/service-level.ts';
import { classifyFailure, type Symptom } from '../../services/thinker/failure.ts';
import { nextSession } from '../../services/thinker/session/session.ts';
import { sessionReport } from '../../services/thinker/session/session-report.ts';
import {
  initialSession,
  SESSION_POLICY,
  type SessionEvent,
  type SessionState,
} from '../../services/thinker/session/session-state.ts';

const PER_SECOND: Symptom = { over: 'live', httpStatus: 429, reason: '{"retryDelay":"1s"}' };
const PER_MINUTE: Symptom = { over: 'live', code: 1011, reason: 'You exceeded your current quota' };
const STEP_MS = 100;
const SET_UP_MS = 300;

/** The thinker's session and the router's level, the two cores that decide, in a time that is made. */
class Device {
  nowMs = 0;
  session: SessionState = initialSession(0, { enabled: true });
  level: ServiceLevel = initialLevel(undefined, true, 0);
  attempts = 0;
  private answerAtMs = Number.POSITIVE_INFINITY;
  private reported: Session | undefined;

  take(event: SessionEvent): void {
    const step = nextSession(this.session, event, SESSION_POLICY);
    this.session = step.state;
    for (const effect of step.effects) {
      if (effect.type !== 'open') continue;
      this.attempts += 1;
      this.answerAtMs = this.nowMs + SET_UP_MS;
    }
    const report = sessionReport(this.session, { model: 'm', simulated: true });
    if (JSON.stringify(report) === JSON.stringify(this.reported)) return;
    this.reported = report;
    this.level = nextLevel(this.level, { type: 'sessionReported', session: report, atMs: this.nowMs });
  }

  /** @param refusal how the server refuses or ends a session at this moment; undefined: it is well. */
  run(forMs: number, refusal: (atMs: number) => Symptom | undefined): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; ) {
      this.nowMs += STEP_MS;
      const atMs = this.nowMs;
      const { phase } = this.session;
      const symptom = refusal(atMs);
      const answered = phase.name === 'opening' && atMs >= this.answerAtMs;
      if ((answered || phase.name === 'open') && symptom) {
        const failure = classifyFailure(symptom);
        this.take({ type: 'closed', connection: phase.connection, failure, jitter: 1, atMs });
      } else if (answered) this.take({ type: 'opened', connection: phase.connection, atMs });
      else if (phase.name === 'open') this.take({ type: 'heard', connection: phase.connection, atMs });
      this.take({ type: 'timePassed', jitter: 1, atMs });
      this.level = nextLevel(this.level, { type: 'timePassed', atMs });
    }
  }
}

it.each<[string, (atMs: number) => Symptom | undefined]>([
  ['every second', () => PER_SECOND],
  ['every minute', () => PER_MINUTE],
  ['both kinds in turn', (atMs: number) => (Math.floor(atMs / 10_000) % 2 ? PER_SECOND : PER_MINUTE)],
  [
    'spells of health of half a minute',
    (atMs: number) => (atMs % 60_000 < 30_000 ? undefined : atMs % 120_000 < 60_000 ? PER_SECOND : PER_MINUTE),
  ],
])(
  'after half an hour of used-up quota (%s) Live is back within 50 s of any moment, and the server was not hammered',
  (_what, refusal) => {
    const ill = new Device();
    ill.take({ type: 'wanted', atMs: 0 });
    ill.run(1_800_000, refusal);
    for (let moment = 0; moment < 60; moment += 1) {
      ill.run(7_300, refusal);
      const healed = Object.assign(new Device(), ill);
      healed.run(50_000, () => undefined);
      expect(healed.level.current.level).toBe('live');
    }
    expect(ill.attempts).toBeLessThan(ill.nowMs / 5_000);
  },
);
