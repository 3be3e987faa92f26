import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClassifiedFailure, classifyFailure } from '../failure.ts';
import { type LiveEnd, liveSymptom } from '../live/live-symptom.ts';
import { nextSession } from './session.ts';
import { sessionWakeMs } from './session-due.ts';
import {
  initialSession,
  SESSION_POLICY,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from './session-state.ts';

const policy = SESSION_POLICY;
const ending = (end: LiveEnd) => classifyFailure(liveSymptom(end));
const INTERNAL = ending({ code: 1011, reason: 'Internal error encountered.' });

/** A session played through in a test: feeds events, remembers the effects. */
function play(start: SessionState = initialSession(0, { enabled: true })) {
  let state = start;
  const effects: SessionEffect[] = [];
  return {
    feed(...events: SessionEvent[]) {
      for (const event of events) {
        const step = nextSession(state, event, policy);
        state = step.state;
        effects.push(...step.effects);
      }
      return this;
    },
    get state() {
      return state;
    },
    /** The effects since the last look, without counts. */
    look() {
      return effects.splice(0).filter((effect) => effect.type !== 'count');
    },
    counts() {
      return effects.filter((effect) => effect.type === 'count').map((effect) => effect.name);
    },
    wakeMs: () => sessionWakeMs(state, policy),
  };
}

function closed(connection: number, atMs: number, failure: ClassifiedFailure = INTERNAL): SessionEvent {
  return { type: 'closed', connection, failure, jitter: 0.5, atMs };
}

function connected(atMs = 0) {
  const session = play().feed({ type: 'wanted', atMs }, { type: 'opened', connection: 1, atMs: atMs + 130 });
  session.look();
  return session;
}

function withHandle(atMs = 0) {
  const session = connected(atMs).feed({ type: 'handleUpdated', connection: 1, handle: 'h1', atMs: atMs + 200 });
  session.look();
  return session;
}

describe('the session', () => {
  it('opens when it is wanted, and only once', () => {
    const session = play().feed({ type: 'wanted', atMs: 0 }, { type: 'wanted', atMs: 1 });
    expect(session.look()).toEqual([
      {
        type: 'open',
        connection: 1,
        withTools: true,
        seed: true,
        retellSinceMs: Number.NEGATIVE_INFINITY,
      },
    ]);
    expect(session.state.phase.name).toBe('opening');
  });

  it('does not open while the Live API is switched off, and closes when it is', () => {
    const off = play(initialSession(0, { enabled: false })).feed({ type: 'wanted', atMs: 0 });
    expect(off.look()).toEqual([]);
    const on = connected().feed({ type: 'enabled', enabled: false, atMs: 500 });
    expect(on.look()).toEqual([{ type: 'close', connection: 1 }]);
    on.feed(closed(1, 600));
    expect(on.state.phase.name).toBe('idle');
  });

  it('gives up on a set-up nobody confirms, closes it, and tries again after a second', () => {
    const session = play().feed({ type: 'wanted', atMs: 0 });
    session.look();
    expect(session.wakeMs()).toBe(policy.setupTimeoutMs);
    session.feed({ type: 'timePassed', atMs: policy.setupTimeoutMs, jitter: 0.5 });
    expect(session.look()).toEqual([{ type: 'close', connection: 1 }]);
    session.feed(closed(1, policy.setupTimeoutMs + 100));
    expect(session.state).toMatchObject({ phase: { name: 'backoff' }, attempt: 1, failure: { kind: 'timeout' } });
    expect(session.wakeMs()).toBe(policy.setupTimeoutMs + 1_100);
  });

  it('waits 1, 2, 4, 8, 16 s between failed tries and counts them', () => {
    const session = play().feed({ type: 'wanted', atMs: 0 });
    const waits: number[] = [];
    let nowMs = 0;
    for (let connection = 1; connection <= 5; connection += 1) {
      session.feed(closed(connection, nowMs));
      waits.push((session.wakeMs() ?? 0) - nowMs);
      nowMs = session.wakeMs() ?? 0;
      session.feed({ type: 'timePassed', atMs: nowMs, jitter: 0.5 });
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(session.state.attempt).toBe(5);
  });

  it('does not keep someone who speaks waiting for the backoff, except after a quota', () => {
    const session = play().feed({ type: 'wanted', atMs: 0 }, closed(1, 10), { type: 'wanted', atMs: 500 });
    expect(session.state.phase.name).toBe('backoff');
    session.feed({ type: 'wanted', atMs: 1_000 });
    expect(session.state.phase.name).toBe('opening');
    const quota = ending({ httpStatus: 429, reason: '' });
    const limited = play().feed({ type: 'wanted', atMs: 0 }, closed(1, 10, quota), { type: 'wanted', atMs: 5_000 });
    expect(limited.wakeMs()).toBe(10 + policy.quotaWaitMs);
  });

  it('does not forget someone who speaks right after a failed try: the next one follows a second after it', () => {
    const session = play().feed({ type: 'wanted', atMs: 0 });
    let nowMs = 0;
    for (let connection = 1; connection <= 5; connection += 1) {
      session.feed(closed(connection, nowMs));
      nowMs = session.wakeMs() ?? 0;
      session.feed({ type: 'timePassed', atMs: nowMs, jitter: 0.5 });
    }
    session.feed(closed(6, nowMs + 10), { type: 'wanted', atMs: nowMs + 400 });
    expect(session.state.phase.name).toBe('backoff');
    expect(session.wakeMs()).toBe(nowMs + policy.impatientAfterMs);
  });

  it('honours the delay a quota asks for', () => {
    const quota = ending({ httpStatus: 429, reason: '{"retryDelay":"34s"}' });
    expect(
      play()
        .feed({ type: 'wanted', atMs: 0 }, closed(1, 0, quota))
        .wakeMs(),
    ).toBe(34_000);
  });

  it('comes back at the time a quota asks for, however many tries have failed before', () => {
    const session = play().feed({ type: 'wanted', atMs: 0 });
    const perSecond = ending({ httpStatus: 429, reason: '{"retryDelay":"1s"}' });
    const unsaid = ending({ code: 1011, reason: 'You exceeded your current quota' });
    let nowMs = 0;
    for (let connection = 1; connection <= 40; connection += 1) {
      session.feed(closed(connection, nowMs, connection % 2 ? perSecond : unsaid));
      const waitMs = (session.wakeMs() ?? Number.POSITIVE_INFINITY) - nowMs;
      expect(waitMs).toBeGreaterThanOrEqual(1_000);
      expect(waitMs).toBeLessThanOrEqual(policy.quotaWaitMs);
      nowMs += waitMs;
      session.feed({ type: 'timePassed', atMs: nowMs, jitter: 0.5 });
    }
  });

  it('asks again for a used-up quota of the day only when somebody speaks hours later', () => {
    const day = ending({ httpStatus: 429, reason: '{"quotaId":"PerDay"}' });
    const session = play().feed({ type: 'wanted', atMs: 0 }, closed(1, 10, day), { type: 'wanted', atMs: 3_600_000 });
    expect(session.state.phase.name).toBe('failed');
    expect(session.wakeMs()).toBeUndefined();
    session.feed({ type: 'wanted', atMs: 10 + policy.dayQuotaWaitMs });
    expect(session.state.phase.name).toBe('opening');
  });

  it('fails for good on what waiting cannot mend', () => {
    const session = play().feed(
      { type: 'wanted', atMs: 0 },
      closed(1, 10, ending({ code: 1007, reason: 'API key not valid.' })),
      { type: 'wanted', atMs: 60_000 },
    );
    expect(session.state).toMatchObject({ phase: { name: 'failed' }, failure: { kind: 'auth' } });
    expect(session.wakeMs()).toBeUndefined();
  });

  it('resumes at once with its handle when a good connection is lost', () => {
    const session = withHandle().feed(closed(1, 60_000, ending({ code: 1006, reason: '' })));
    expect(session.look()).toEqual([
      { type: 'open', connection: 2, handle: 'h1', withTools: true, seed: true, retellSinceMs: 200 },
    ]);
  });

  it('backs off when a connection does not last, so that a server that closes at once meets no storm', () => {
    const session = withHandle().feed(closed(1, 1_000));
    expect(session.state.phase.name).toBe('backoff');
  });

  it('comes back at once from a server that answers every other question only, and never counts a second failure', () => {
    const session = connected();
    let nowMs = 1_000;
    for (let question = 1; question < 30; question += 1) {
      const connection = session.state.nextConnection - 1;
      session.feed({ type: 'answered', connection, atMs: nowMs }, closed(connection, nowMs + 2_000));
      expect(session.state).toMatchObject({ phase: { name: 'opening' }, attempt: 1 });
      session.feed({ type: 'opened', connection: connection + 1, atMs: nowMs + 2_100 });
      nowMs += 4_000;
    }
  });

  it('starts fresh, once, when the handle is refused', () => {
    const session = withHandle().feed(closed(1, 60_000));
    session.look();
    session.feed(closed(2, 60_100, ending({ code: 1008, reason: 'BidiGenerateContent session not found' })));
    expect(session.look()).toEqual([
      { type: 'storeHandle' },
      { type: 'open', connection: 3, withTools: true, seed: true, retellSinceMs: Number.NEGATIVE_INFINITY },
    ]);
    session.feed(closed(3, 60_200, ending({ code: 1008, reason: 'BidiGenerateContent session not found' })));
    expect(session.state.phase.name).not.toBe('failed');
  });

  it('starts fresh without telling the past when the context was refused, and never in a storm', () => {
    const refused = ending({ code: 1007, reason: 'Request contains an invalid argument.' });
    const session = withHandle().feed(closed(1, 60_000, refused));
    expect(session.look()).toEqual([
      { type: 'storeHandle' },
      { type: 'open', connection: 2, withTools: true, seed: false, retellSinceMs: Number.NEGATIVE_INFINITY },
    ]);
    session.feed(closed(2, 60_100, refused));
    expect(session.state.phase.name).toBe('backoff');
  });

  it('does not let a question wait for a server that still holds the old connection', () => {
    const session = withHandle().feed(
      { type: 'busyChanged', busy: true, atMs: 59_000 },
      { type: 'gaveUpOn', connection: 1, atMs: 60_000 },
      closed(1, 60_500),
    );
    session.look();
    session.feed(closed(2, 60_600));
    expect(session.look()).toMatchObject([{ type: 'open', connection: 3, retellSinceMs: Number.NEGATIVE_INFINITY }]);
    session.feed(closed(3, 60_700));
    expect(session.state.phase.name).toBe('backoff');
    expect(session.state.handle?.value).toBe('h1');
  });

  it('goes on without tools when they are refused', () => {
    const session = connected().feed(
      closed(1, 300, ending({ code: 1008, reason: 'Operation is not implemented, or supported, or enabled.' })),
    );
    expect(session.look()).toMatchObject([{ type: 'open', withTools: false }]);
  });

  it('does not use a handle older than two hours', () => {
    const session = play(
      initialSession(0, { enabled: true, handle: { value: 'old', savedAtMs: -policy.handleValidMs } }),
    );
    expect(session.feed({ type: 'wanted', atMs: 0 }).look()[0]).not.toHaveProperty('handle');
  });

  it('keeps the last good handle while the server says that it cannot be resumed', () => {
    const session = withHandle().feed({ type: 'handleUpdated', connection: 1, atMs: 300 });
    expect(session.state.handle?.value).toBe('h1');
  });

  it('replaces an old connection at the next turn boundary: closes first, then resumes', () => {
    const session = withHandle().feed({ type: 'busyChanged', busy: true, atMs: policy.rotateAfterMs - 1_000 });
    session.feed({ type: 'timePassed', atMs: policy.rotateAfterMs + 1_000, jitter: 0.5 });
    expect(session.look()).toEqual([{ type: 'ping', connection: 1 }]);
    session.feed({ type: 'busyChanged', busy: false, atMs: policy.rotateAfterMs + 2_000 });
    expect(session.look()).toEqual([]);
    session.feed({ type: 'handleUpdated', connection: 1, handle: 'h2', atMs: policy.rotateAfterMs + 2_050 });
    expect(session.look()).toEqual([
      { type: 'storeHandle', handle: { value: 'h2', savedAtMs: policy.rotateAfterMs + 2_050 } },
      { type: 'close', connection: 1 },
    ]);
    session.feed(closed(1, policy.rotateAfterMs + 2_100));
    expect(session.look()).toMatchObject([{ type: 'open', connection: 2, handle: 'h2' }]);
    expect(session.state.attempt).toBe(0);
  });

  it('rotates within a turn when the end is near', () => {
    const session = withHandle().feed({ type: 'busyChanged', busy: true, atMs: 560_000 });
    session.look();
    session.feed({ type: 'timePassed', atMs: 130 + policy.rotateByMs, jitter: 0.5 });
    expect(session.look()).toEqual([{ type: 'close', connection: 1 }]);
  });

  it('rotates at once on goAway when nothing is said, and before its time is up when something is', () => {
    const quiet = withHandle().feed({ type: 'goingAway', connection: 1, timeLeftMs: 50_000, atMs: 300_000 });
    expect(quiet.look()).toEqual([{ type: 'close', connection: 1 }]);
    const talking = withHandle()
      .feed({ type: 'busyChanged', busy: true, atMs: 299_000 })
      .feed({ type: 'goingAway', connection: 1, timeLeftMs: 50_000, atMs: 300_000 });
    expect(talking.state.phase).toMatchObject({ name: 'open', rotateByMs: 340_000 });
  });

  it('pings every 30 s, forgives a pong that is 29 s late, and replaces the connection after 30', () => {
    const session = withHandle().feed({ type: 'timePassed', atMs: 30_130, jitter: 0.5 });
    expect(session.look()).toEqual([{ type: 'ping', connection: 1 }]);
    session.feed({ type: 'timePassed', atMs: 59_000, jitter: 0.5 }, { type: 'heard', connection: 1, atMs: 59_100 });
    expect(session.look()).toEqual([]);
    session.feed({ type: 'timePassed', atMs: 60_130, jitter: 0.5 }, { type: 'timePassed', atMs: 90_130, jitter: 0.5 });
    expect(session.look()).toEqual([
      { type: 'ping', connection: 1 },
      { type: 'close', connection: 1 },
    ]);
  });

  it('opens again at once for who speaks while a connection that never was set up is being closed', () => {
    const session = play().feed(
      { type: 'wanted', atMs: 0 },
      { type: 'timePassed', jitter: 0.5, atMs: 10_000 },
      { type: 'wanted', atMs: 10_100 },
      closed(1, 10_500),
    );
    expect(session.look()).toMatchObject([{ type: 'open' }, { type: 'close' }, { type: 'open' }]);
  });

  it('opens again at once for who speaks while the idle connection is being closed', () => {
    const idle = { ...policy, idleCloseMs: 300_000 };
    let state = connected(0).state;
    const effects: SessionEffect[] = [];
    for (const event of [
      { type: 'timePassed', jitter: 0.5, atMs: 300_100 },
      { type: 'wanted', atMs: 300_200 },
      closed(1, 300_600, ending({ code: 1000, reason: '' })),
    ] satisfies SessionEvent[]) {
      const step = nextSession(state, event, idle);
      state = step.state;
      effects.push(...step.effects);
    }
    expect(effects.filter(({ type }) => type !== 'count')).toMatchObject([{ type: 'close' }, { type: 'open' }]);
  });

  it('closes when it has been idle long enough, and opens again at the first sign of speech', () => {
    const short = { ...policy, idleCloseMs: 300_000 };
    let state = connected().state;
    const feed = (event: SessionEvent) => {
      const step = nextSession(state, event, short);
      state = step.state;
      return step.effects;
    };
    for (let atMs = 30_130; atMs < 300_000; atMs += 30_000) {
      feed({ type: 'timePassed', atMs, jitter: 0.5 });
      feed({ type: 'heard', connection: 1, atMs: atMs + 1 });
    }
    expect(feed({ type: 'timePassed', atMs: 300_130, jitter: 0.5 })).toContainEqual({ type: 'close', connection: 1 });
    feed(closed(1, 300_200));
    expect(state.phase.name).toBe('idle');
    expect(feed({ type: 'wanted', atMs: 900_000 })).toMatchObject([{ type: 'open', connection: 2 }, { type: 'count' }]);
  });

  it('replaces a connection a watchdog gives up on, with the handle', () => {
    const session = withHandle().feed({ type: 'gaveUpOn', connection: 1, atMs: 5_000 }, closed(1, 5_100));
    expect(session.look()).toMatchObject([{ type: 'close' }, { type: 'open', handle: 'h1' }]);
  });

  it('reconnects for changed tools at a quiet moment', () => {
    const session = withHandle().feed(
      { type: 'busyChanged', busy: true, atMs: 1_000 },
      { type: 'toolsChanged', atMs: 2_000 },
    );
    expect(session.look()).toEqual([]);
    session.feed({ type: 'busyChanged', busy: false, atMs: 3_000 });
    session.feed({ type: 'handleUpdated', connection: 1, handle: 'h2', atMs: 3_050 });
    expect(session.look()).toContainEqual({ type: 'close', connection: 1 });
  });

  it('ignores what a connection of the past still says', () => {
    const session = withHandle().feed(closed(1, 60_000), { type: 'opened', connection: 1, atMs: 60_001 });
    session.feed(closed(1, 60_002), { type: 'goingAway', connection: 1, timeLeftMs: 0, atMs: 60_003 });
    expect(session.state.phase).toMatchObject({ name: 'opening', connection: 2 });
  });
});

const anEvent = fc.oneof(
  fc.constant<Partial<SessionEvent>>({ type: 'wanted' }),
  fc.boolean().map((enabled): Partial<SessionEvent> => ({ type: 'enabled', enabled })),
  fc.boolean().map((busy): Partial<SessionEvent> => ({ type: 'busyChanged', busy })),
  fc.constant<Partial<SessionEvent>>({ type: 'opened' }),
  fc.constant<Partial<SessionEvent>>({ type: 'heard' }),
  fc.constant<Partial<SessionEvent>>({ type: 'gaveUpOn' }),
  fc.constant<Partial<SessionEvent>>({ type: 'toolsChanged' }),
  fc.nat(60_000).map((timeLeftMs): Partial<SessionEvent> => ({ type: 'goingAway', timeLeftMs })),
  fc
    .constantFrom('a', 'b', undefined)
    .map((handle): Partial<SessionEvent> => ({ type: 'handleUpdated', ...(handle && { handle }) })),
  fc
    .constantFrom<LiveEnd>(
      { code: 1006, reason: '' },
      { code: 1000, reason: 'The operation was cancelled.' },
      { code: 1007, reason: 'Request contains an invalid argument.' },
      { code: 1008, reason: 'BidiGenerateContent session not found' },
      { code: 1008, reason: 'Operation is not implemented, or supported, or enabled.' },
      { code: 1011, reason: 'Internal error encountered.' },
      { httpStatus: 429, reason: '' },
    )
    .map((end): Partial<SessionEvent> => ({ type: 'closed', failure: ending(end), jitter: 0.5 })),
  fc.constant<Partial<SessionEvent>>({ type: 'timePassed', jitter: 0.5 }),
);

describe('any course of events', () => {
  it('has at most one connection at a time, and no storm of tries', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ event: anEvent, stepMs: fc.integer({ min: 0, max: 40_000 }), old: fc.boolean() }), {
          maxLength: 80,
        }),
        (script) => {
          let state = initialSession(0, { enabled: true });
          let nowMs = 0;
          let openConnection: number | undefined;
          const opens: number[] = [];
          for (const { event, stepMs, old } of script) {
            nowMs += stepMs;
            const current = openConnection ?? 0;
            const full = { ...event, atMs: nowMs, connection: old ? current - 1 : current } as SessionEvent;
            if (full.type === 'closed' && full.connection === current) openConnection = undefined;
            const step = nextSession(state, full, policy);
            // The adapter's promise: a connection that is left behind has been closed by the time the guard runs out.
            if (step.effects.some((effect) => effect.type === 'count' && effect.name === 'closeTimeouts')) {
              openConnection = undefined;
            }
            for (const effect of step.effects) {
              if (effect.type !== 'open') continue;
              expect(openConnection).toBeUndefined();
              openConnection = effect.connection;
              opens.push(nowMs);
            }
            state = step.state;
          }
          // Three remedies may follow each other at once (handle, history, tools); a fourth try in a second would be a storm.
          for (const [index, at] of opens.entries()) {
            const fifth = opens[index + 6];
            if (fifth !== undefined) expect(fifth - at).toBeGreaterThan(0);
          }
        },
      ),
    );
  });

  it('never wakes without something to do', () => {
    fc.assert(
      fc.property(fc.array(anEvent, { maxLength: 40 }), (script) => {
        let state = initialSession(0, { enabled: true });
        let nowMs = 0;
        for (const event of script) {
          nowMs += 500;
          const connection = 'connection' in state.phase ? state.phase.connection : 0;
          state = nextSession(state, { ...event, atMs: nowMs, connection } as SessionEvent, policy).state;
          const wakeMs = sessionWakeMs(state, policy);
          if (wakeMs === undefined) continue;
          const woken = nextSession(state, { type: 'timePassed', atMs: Math.max(wakeMs, nowMs), jitter: 0.5 }, policy);
          expect(woken.effects.length > 0 || woken.state.phase.name !== state.phase.name).toBe(true);
        }
      }),
    );
  });
});
