import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Session, Turn } from '#shared/contract/thinker.ts';
import { initialLevel, type Level, nextLevel, type ServiceLevel, SWITCHED_OFF } from './service-level.ts';

const START_MS = 1_000_000;

function session(state: Session['state'], kind?: string, attempt = 1): Session {
  const error = kind === undefined ? {} : { error: { kind, message: '', retryable: state !== 'failed' } };
  return { state, model: 'm', attempt, ...error, resumable: false, simulated: true, since: 0 };
}

function turn(number: number, state: Turn['state'], backend: Level, kind?: string): Turn {
  const error = kind === undefined ? {} : { error: { kind, message: '', retryable: true } };
  return { turn: number, utterance: number, state, backend, ...error, at: 0 };
}

/** Plays a script; each step says how many seconds after the one before it happens. */
class Script {
  state: ServiceLevel;
  atMs = START_MS;
  readonly changes: { level: Level; atMs: number }[] = [];

  constructor(state = initialLevel(undefined, true, START_MS)) {
    this.state = state;
  }

  private apply(state: ServiceLevel): this {
    if (state.current.level !== this.state.current.level) {
      this.changes.push({ level: state.current.level, atMs: this.atMs });
    }
    this.state = state;
    return this;
  }

  session(report: Session): this {
    return this.apply(nextLevel(this.state, { type: 'sessionReported', session: report, atMs: this.atMs }));
  }

  turn(report: Turn): this {
    return this.apply(nextLevel(this.state, { type: 'turnReported', turn: report, atMs: this.atMs }));
  }

  wantLive(wanted: boolean): this {
    return this.apply(nextLevel(this.state, { type: 'liveSwitched', wanted, atMs: this.atMs }));
  }

  thinkerLeft(): this {
    return this.apply(nextLevel(this.state, { type: 'thinkerLeft', atMs: this.atMs }));
  }

  thinkerArrived(): this {
    return this.apply(nextLevel(this.state, { type: 'thinkerArrived', atMs: this.atMs }));
  }

  wait(seconds: number): this {
    for (let second = 0; second < seconds; second += 1) {
      this.atMs += 1_000;
      this.apply(nextLevel(this.state, { type: 'timePassed', atMs: this.atMs }));
    }
    return this;
  }

  get level(): Level {
    return this.state.current.level;
  }
}

describe('the way down', () => {
  test.each([
    ['four attempts', session('backoff', 'network', 4), 'live'],
    ['five attempts', session('backoff', 'network', 5), 'http'],
    ['an unknown model', session('failed', 'model'), 'http'],
    ['a quota that is used up', session('failed', 'quota'), 'http'],
    ['a quota that is used up, still trying', session('backoff', 'quota', 1), 'http'],
    ['a new attempt after a quota error', session('connecting', 'quota', 1), 'live'],
    ['a refused key', session('failed', 'auth'), 'offline'],
    ['a session that rests', session('idle'), 'live'],
    ['a session that moves', session('resuming'), 'live'],
  ] as const)('%s', (_name, report, level) => {
    expect(new Script().session(report).level).toBe(level);
  });

  test.each([
    ['one failed turn', [turn(1, 'failed', 'live', 'timeout')], 'live'],
    ['two failed turns', [turn(1, 'failed', 'live', 'timeout'), turn(2, 'failed', 'live', 'timeout')], 'http'],
    ['two turns HTTP had to answer', [turn(1, 'done', 'http', 'timeout'), turn(2, 'done', 'http')], 'http'],
    [
      'failures with a success between',
      [turn(1, 'failed', 'live'), turn(2, 'done', 'live'), turn(3, 'failed', 'live')],
      'live',
    ],
    ['used-up quota in one turn', [turn(1, 'failed', 'live', 'quota')], 'http'],
    ['turns the user cut', [turn(1, 'interrupted', 'live'), turn(2, 'interrupted', 'live')], 'live'],
    ['turns refused for other reasons', [turn(1, 'failed', 'live', 'busy'), turn(2, 'failed', 'live', 'busy')], 'live'],
  ] as const)('%s', (_name, reports, level) => {
    const script = new Script();
    for (const report of reports) script.turn(report);
    expect(script.level).toBe(level);
  });

  test('HTTP failing as well ends offline, with the reason', () => {
    const script = new Script().session(session('backoff', 'network', 5));
    script.turn(turn(1, 'failed', 'http', 'network')).turn(turn(2, 'done', 'offline', 'network'));
    expect(script.state.current).toMatchObject({
      level: 'offline',
      reason: 'there is no connection to the internet',
    });
  });

  test('falling does not wait for the turn at hand', () => {
    const script = new Script().turn(turn(1, 'thinking', 'live')).session(session('failed', 'quota'));
    expect(script.level).toBe('http');
  });
});

describe('the way up', () => {
  const lost = () => new Script().session(session('failed', 'model'));

  test('a session that stays up brings Live back after the hold', () => {
    const script = lost().wait(2).session(session('connected'));
    expect(script.wait(7).level).toBe('http');
    expect(script.wait(1).level).toBe('live');
  });

  test('a session that has stayed up for 15 s is trusted however long it was lost', () => {
    const script = new Script().session(session('backoff', 'quota', 1));
    // HTTP shares the quota; that it is lost again and again says nothing about Live.
    for (let trial = 0; trial < 5; trial += 1) {
      while (script.level !== 'http') script.wait(10);
      script.turn(turn(trial, 'failed', 'http', 'quota'));
    }
    expect(script.state.holdMs).toBeGreaterThan(100_000);
    expect(script.session(session('connected')).wait(14).level).toBe('offline');
    expect(script.wait(1).level).toBe('live');
  });

  test.each([20, 40])(
    'a session that comes and goes every %i s has to stand longer each time it was trusted',
    (seconds) => {
      const script = new Script().session(session('connected'));
      for (let round = 0; round < 60; round += 1) {
        script.session(session('backoff', 'network', 5)).wait(seconds);
        script.session(session('connected')).wait(seconds);
      }
      const losses = script.changes.filter(({ level }) => level !== 'live').length;
      expect(losses).toBeLessThanOrEqual(6 + (script.atMs - START_MS) / 300_000);
      expect(script.wait(300).level).toBe('live');
    },
  );

  test('a session that stays up proves nothing where the turns failed on it', () => {
    const script = new Script().session(session('connected'));
    for (let loss = 0; loss < 3; loss += 1) {
      script
        .turn(turn(1, 'failed', 'live', 'timeout'))
        .turn(turn(2, 'failed', 'live', 'timeout'))
        .wait(45);
    }
    expect(script.turn(turn(3, 'failed', 'live', 'timeout')).turn(turn(4, 'failed', 'live', 'timeout')).level).toBe(
      'http',
    );
    expect(script.wait(60).level).toBe('http');
  });

  test('a session that does not stay up does not', () => {
    const script = lost()
      .wait(20)
      .session(session('connected'))
      .wait(1)
      .session(session('backoff', 'transient', 1));
    expect(script.wait(30).level).toBe('http');
  });

  test('it waits for the end of the turn', () => {
    const script = lost()
      .turn(turn(1, 'speaking', 'http'))
      .session(session('connected'))
      .wait(30);
    expect(script.level).toBe('http');
    expect(script.turn(turn(1, 'done', 'http')).level).toBe('live');
  });

  test('a turn that died with its thinker does not hold it up', () => {
    const script = lost()
      .turn(turn(1, 'speaking', 'http'))
      .thinkerLeft()
      .session(session('connected'));
    expect(script.wait(10).level).toBe('live');
    const silent = lost()
      .turn(turn(1, 'speaking', 'http'))
      .session(session('connected'));
    expect(silent.wait(60).level).toBe('live');
  });

  test('a restarted thinker, its key mended perhaps, need not wait out the hold of its predecessor', () => {
    const script = new Script().session(session('failed', 'auth')).thinkerLeft().thinkerArrived();
    expect(script.session(session('connected')).wait(3).level).toBe('live');
  });

  test('from offline HTTP is tried after a while, and left at once where it fails', () => {
    const script = lost()
      .turn(turn(1, 'failed', 'http', 'timeout'))
      .turn(turn(2, 'failed', 'http', 'timeout'));
    expect(script.level).toBe('offline');
    expect(script.wait(180).state).toMatchObject({ current: { level: 'http' }, onTrial: true });
    expect(script.turn(turn(3, 'failed', 'http', 'timeout')).level).toBe('offline');
    script.wait(600);
    expect(script.turn(turn(4, 'done', 'http')).state).toMatchObject({ current: { level: 'http' }, onTrial: false });
  });

  test('a key refused while offline already is the reason from then on, and keeps HTTP from being tried', () => {
    const script = lost()
      .turn(turn(1, 'failed', 'http', 'timeout'))
      .turn(turn(2, 'failed', 'http', 'timeout'));
    script.session(session('failed', 'auth'));
    expect(script.state.current).toMatchObject({ level: 'offline', reason: 'my access key is not accepted' });
    expect(script.wait(3_600).level).toBe('offline');
  });

  test('a restarted thinker whose key is refused again changes nothing', () => {
    const script = new Script().session(session('failed', 'auth'));
    const before = script.state.current;
    script.thinkerLeft().thinkerArrived().session(session('connecting')).session(session('failed', 'auth'));
    expect(script.wait(3_600).state.current).toBe(before);
  });

  test('a refused key is not tried again', () => {
    expect(new Script().session(session('failed', 'auth')).wait(3_600).level).toBe('offline');
  });
});

describe('the switch', () => {
  test('LAYER2_MODE=legacy keeps Live away, whatever the session does', () => {
    const script = new Script(initialLevel(undefined, false, START_MS)).session(session('connected')).wait(100);
    expect(script.state.current).toMatchObject({ level: 'http', reason: SWITCHED_OFF });
  });

  test('at run time it acts at once, both ways', () => {
    const script = new Script().session(session('connected')).wantLive(false);
    expect(script.level).toBe('http');
    expect(script.wantLive(true).level).toBe('live');
  });

  test('a level left behind stands, unless the settings have changed since', () => {
    const http = { level: 'http' as const, reason: 'the quota of my service is used up', since: 5 };
    expect(initialLevel(http, true, 9).current).toEqual(http);
    expect(initialLevel({ ...http, reason: SWITCHED_OFF }, true, 9).current.level).toBe('live');
    expect(initialLevel({ ...http, level: 'live' }, false, 9).current.level).toBe('http');
    expect(initialLevel({ ...http, level: 'offline' }, false, 9).current.level).toBe('offline');
  });
});

/** Plays whatever happens, and returns how long each loss of Live lasted. */
function lossesOf(script: Script, happenings: readonly string[]): number[] {
  let number = 0;
  for (const what of happenings) {
    number += 1;
    if (what === 'up') script.session(session('connected'));
    else if (what === 'down') script.session(session('backoff', 'transient', 5));
    else if (what === 'failed') script.turn(turn(number, 'failed', script.level, 'transient'));
    else if (what === 'answered') script.turn(turn(number, 'done', script.level));
    else script.wait(what === 'wait' ? 2 : 20);
  }
  const losses = script.changes.filter(
    ({ level }, index) => level !== 'live' && (index === 0 || script.changes[index - 1]?.level === 'live'),
  );
  const returns = script.changes.filter(({ level }) => level === 'live');
  return returns.map(({ atMs }, index) => atMs - (losses[index]?.atMs ?? 0));
}

const many = { minLength: 50, maxLength: 400 };

test('a server whose session stands while its turns come and go cannot make the level flap', () => {
  const happening = fc.constantFrom('up', 'failed', 'answered', 'wait', 'waitLong');
  fc.assert(
    fc.property(fc.array(happening, many), (happenings) => {
      const script = new Script();
      const lostMs = lossesOf(script, happenings);
      // Every return waits out the hold; holds double from 10 s to 300 s while losses follow within ten minutes.
      for (const ms of lostMs) expect(ms).toBeGreaterThanOrEqual(10_000);
      expect(lostMs.length).toBeLessThanOrEqual(6 + (script.atMs - START_MS) / 300_000);
    }),
  );
});

test('a session that comes and goes cannot make the level flap either', () => {
  const happening = fc.constantFrom('up', 'down', 'failed', 'answered', 'wait', 'waitLong');
  fc.assert(
    fc.property(fc.array(happening, many), (happenings) => {
      const script = new Script();
      const lostMs = lossesOf(script, happenings);
      for (const ms of lostMs) expect(ms).toBeGreaterThanOrEqual(10_000);
      expect(lostMs.length).toBeLessThanOrEqual(6 + (script.atMs - START_MS) / 200_000);
    }),
  );
});
