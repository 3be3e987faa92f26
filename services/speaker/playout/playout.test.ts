import { describe, expect, it } from 'vitest';
import { nextPlayout } from './playout.ts';
import {
  DRY_LIMIT,
  initialPlayout,
  type PlayoutEffect,
  type PlayoutEvent,
  type PlayoutState,
  PREBUFFER_AFTER_UNDERRUN,
  PREBUFFER_MIN,
  RAMP_DOWN,
  RAMP_UP,
} from './playout-state.ts';

const PERIOD = 120;

/** A script of events, and what came of it. */
function playout(initial: Partial<PlayoutState> = {}) {
  let state: PlayoutState = { ...initialPlayout, ...initial };
  const script = {
    effects: [] as PlayoutEffect[],
    feed(...events: PlayoutEvent[]) {
      const before = script.effects.length;
      for (const event of events) {
        const step = nextPlayout(state, event);
        state = step.state;
        script.effects.push(...step.effects);
      }
      return script.effects.slice(before);
    },
    pull(samples = PERIOD) {
      return script.feed({ type: 'pulled', samples });
    },
    receive(turn: number, from: number, to: number) {
      return script.feed({ type: 'received', turn, from, to });
    },
    whole(turn: number, samples: number) {
      return script.feed({ type: 'received', turn, from: 0, to: samples }, { type: 'ended', turn });
    },
    get state() {
      return state;
    },
  };
  return script;
}

const sounded = (effects: PlayoutEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'sounded' ? [[effect.turn, effect.from, effect.count]] : []));
const told = (effects: PlayoutEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'told' ? [`${effect.turn} ${effect.state} ${effect.position}`] : []));

describe('playout', () => {
  it('begins at full gain with the first sample as soon as the jitter buffer holds its least', () => {
    const script = playout();
    script.receive(7, 0, PREBUFFER_MIN - 1);
    expect(script.pull()).toEqual([]);
    script.receive(7, PREBUFFER_MIN - 1, PREBUFFER_MIN);
    const effects = script.pull();
    expect(told(effects)).toEqual(['7 started 0']);
    expect(effects[1]).toMatchObject({ type: 'sounded', from: 0, count: PERIOD, fade: { from: 1, step: 0 } });
  });

  it('does not wait for the buffer where the turn is shorter than that', () => {
    const script = playout();
    script.whole(7, 50);
    expect(told(script.pull())).toEqual(['7 started 0', '7 finished 50']);
  });

  it('says finished when the device has played the last sample, not when it took it', () => {
    const script = playout({ latency: 300 });
    script.whole(7, 100);
    expect(told(script.pull())).toEqual(['7 started 0']);
    expect(told(script.pull())).toEqual([]);
    expect(told(script.pull())).toEqual(['7 finished 100']);
  });

  it('plays the turns one after the other without a sample between them', () => {
    const script = playout();
    script.whole(8, 100);
    script.whole(7, 50);
    expect(sounded(script.pull(200))).toEqual([
      [7, 0, 50],
      [8, 0, 100],
    ]);
  });

  it('never lets a lower turn that comes late cut into the one that sounds', () => {
    const script = playout();
    script.receive(8, 0, 1_000);
    script.pull();
    script.whole(7, 50);
    script.feed({ type: 'ended', turn: 8 });
    expect(sounded(script.pull(1_000))).toEqual([
      [8, PERIOD, 1_000 - PERIOD],
      [7, 0, 50],
    ]);
  });

  it('pauses in a short ramp at an exact sample and goes on with the next one', () => {
    const script = playout();
    script.receive(7, 0, 10_000);
    script.pull();
    script.feed({ type: 'held', by: 'speech' });
    const paused = script.pull(2 * RAMP_DOWN);
    expect(sounded(paused)).toEqual([[7, PERIOD, RAMP_DOWN]]);
    expect(paused[0]).toMatchObject({ fade: { from: 1, step: -1 / RAMP_DOWN } });
    expect(told(paused)).toEqual([`7 paused ${PERIOD + RAMP_DOWN}`]);
    expect(script.pull(5_000)).toEqual([]);
    script.feed({ type: 'released', by: 'speech' });
    const resumed = script.pull(2 * RAMP_UP);
    expect(told(resumed)).toEqual([`7 resumed ${PERIOD + RAMP_DOWN}`]);
    expect(sounded(resumed)).toEqual([
      [7, PERIOD + RAMP_DOWN, RAMP_UP],
      [7, PERIOD + RAMP_DOWN + RAMP_UP, RAMP_UP],
    ]);
  });

  it('turns a ramp round in the middle when the pause is withdrawn', () => {
    const script = playout();
    script.receive(7, 0, 10_000);
    script.pull();
    script.feed({ type: 'held', by: 'speech' });
    script.pull(RAMP_DOWN / 2);
    script.feed({ type: 'released', by: 'speech' });
    const effects = script.pull(RAMP_UP);
    expect(told(effects)).toEqual([]);
    expect(effects[0]).toMatchObject({ type: 'sounded', fade: { from: 0.5 } });
  });

  it('does not begin a turn while the user may be speaking', () => {
    const script = playout();
    script.feed({ type: 'held', by: 'speech' });
    script.whole(7, 500);
    expect(script.pull(1_000)).toEqual([]);
    script.feed({ type: 'released', by: 'speech' });
    expect(told(script.pull())).toEqual(['7 started 0']);
  });

  it('fades an interrupted turn out and tells where it ended', () => {
    const script = playout();
    script.receive(7, 0, 10_000);
    script.pull();
    expect(script.feed({ type: 'interrupted' })).toEqual([]);
    const effects = script.pull(1_000);
    expect(sounded(effects)).toEqual([[7, PERIOD, RAMP_DOWN]]);
    expect(told(effects)).toEqual([`7 interrupted ${PERIOD + RAMP_DOWN}`]);
  });

  it('never plays a late sample of an interrupted turn', () => {
    const script = playout();
    script.receive(7, 0, 10_000);
    script.pull();
    script.feed({ type: 'interrupted' });
    script.receive(7, 10_000, 20_000);
    script.pull(1_000);
    script.receive(7, 20_000, 30_000);
    script.whole(7, 40_000);
    expect(sounded(script.pull(50_000))).toEqual([]);
  });

  it('drops a turn it was told of before its first sample came', () => {
    const script = playout();
    script.feed({ type: 'announced', turn: 7 }, { type: 'interrupted' });
    script.whole(7, 1_000);
    expect(script.pull(2_000)).toEqual([]);
  });

  it('does not spare an answer to an utterance with a number nobody has come to', () => {
    const script = playout();
    script.feed({ type: 'announced', turn: 7, utterance: 4_177_735_137 }, { type: 'interrupted', utterance: 71 });
    expect(script.state.over).toEqual([7]);
  });

  it('spares the turn that answers the interrupting utterance', () => {
    const script = playout();
    script.feed(
      { type: 'announced', turn: 7, utterance: 70 },
      { type: 'announced', turn: 8, utterance: 71 },
      { type: 'interrupted', utterance: 71 },
    );
    script.whole(7, 1_000);
    script.whole(8, 1_000);
    expect(told(script.pull(2_000))).toEqual(['8 started 0', '8 finished 1000']);
  });

  it('lets the turn after an interrupt begin at full gain', () => {
    const script = playout();
    script.receive(7, 0, 10_000);
    script.pull();
    script.feed({ type: 'interrupted' });
    script.whole(8, 1_000);
    const effects = script.pull(500);
    expect(effects.at(-1)).toMatchObject({ type: 'sounded', turn: 8, fade: { from: 1, step: 0 } });
  });

  it('ramps down before it runs dry, refills, and counts the underrun once', () => {
    const script = playout();
    script.receive(7, 0, 1_000);
    const dry = script.pull(2_000);
    expect(sounded(dry)).toEqual([
      [7, 0, 1_000 - RAMP_DOWN],
      [7, 1_000 - RAMP_DOWN, RAMP_DOWN],
    ]);
    script.receive(7, 1_000, 1_000 + PREBUFFER_MIN);
    const refilled = script.pull(240);
    expect(refilled[0]).toEqual({ type: 'underran', turn: 7, heldSamples: 1_000 });
    expect(script.state.prebuffer).toBe(PREBUFFER_AFTER_UNDERRUN);
    expect(refilled[1]).toMatchObject({ type: 'sounded', from: 1_000, fade: { from: 0, step: 1 / RAMP_UP } });
  });

  it('counts an underrun without a pause too, where the rest came while the reply was fading out', () => {
    const script = playout();
    script.receive(7, 0, 600);
    script.pull(540);
    script.receive(7, 600, 5_000);
    const effects = script.pull(1_000);
    expect(effects).toContainEqual({ type: 'underran', turn: 7, heldSamples: 0 });
  });

  it('plays what there is of a turn that goes no further after a pause when the next one is ready', () => {
    const script = playout();
    script.receive(7, 0, 600);
    script.pull();
    script.feed({ type: 'held', by: 'speech' });
    script.pull(2 * RAMP_DOWN);
    script.feed({ type: 'released', by: 'speech' });
    script.whole(8, 600);
    script.pull(DRY_LIMIT);
    expect(told(script.pull(1_000))).toEqual(['7 resumed 240', '8 started 0', '7 finished 600', '8 finished 600']);
  });

  it('counts no underrun where only the end was late', () => {
    const script = playout();
    script.receive(7, 0, 1_000);
    script.pull(5_000);
    script.feed({ type: 'ended', turn: 7 });
    const effects = script.pull();
    expect(told(effects)).toEqual(['7 finished 1000']);
    expect(effects.some((effect) => effect.type === 'underran')).toBe(false);
  });

  it('gives up a turn that stays dry when the next one is ready', () => {
    const script = playout();
    script.receive(7, 0, 1_000);
    script.pull(1_000);
    script.whole(8, 600);
    expect(script.pull(DRY_LIMIT - 1)).toEqual([]);
    expect(told(script.pull(2))).toEqual([]);
    expect(told(script.pull(PERIOD))).toEqual(['8 started 0', '7 finished 1000']);
  });

  it('jumps a gap nobody could fill in a ramp and says so', () => {
    const script = playout();
    script.receive(7, 0, 1_000);
    script.receive(7, 2_000, 3_000);
    script.feed({ type: 'ended', turn: 7 });
    const effects = script.pull(4_000);
    expect(effects).toContainEqual({ type: 'skipped', turn: 7, from: 1_000, to: 2_000 });
    expect(effects.some((effect) => effect.type === 'underran')).toBe(false);
    expect(told(effects)).toEqual(['7 started 0', '7 finished 3000']);
    expect(sounded(effects).map(([, from]) => from)).toEqual([0, 1_000 - RAMP_DOWN, 2_000, 2_000 + RAMP_UP]);
  });

  it('plays again what a lost device had not played, and the tail of a turn that was on its way out', () => {
    const script = playout({ latency: 500 });
    script.whole(7, 300);
    script.receive(8, 0, 1_000);
    script.pull(400);
    expect(script.state.leaving[0]).toMatchObject({ left: 100 });
    script.feed({ type: 'deviceLost', unheardSamples: 150 });
    expect(sounded(script.pull(200))[0]).toEqual([7, 200, 100]);
  });

  it('stops at once for a handover, without a ramp', () => {
    const script = playout();
    script.receive(7, 0, 1_000);
    script.pull();
    script.feed({ type: 'held', by: 'standby' });
    expect(script.pull(1_000)).toEqual([]);
    expect(script.state.turns[0]?.position).toBe(PERIOD);
  });

  it('takes a turn over at the next sample, at full gain', () => {
    const script = playout({ holds: ['standby'] });
    script.feed({ type: 'continued', turn: 7, position: 400 });
    script.receive(7, 400, 2_000);
    expect(script.pull()).toEqual([]);
    script.feed({ type: 'released', by: 'standby' });
    expect(script.pull()).toMatchObject([{ type: 'sounded', from: 400, fade: { from: 1, step: 0 } }]);
  });

  it.each([true, false])(
    'chases what it has asked for with 20 ms of it unless nobody plays meanwhile (%s)',
    (afterGap) => {
      const script = playout({ holds: ['standby'] });
      const turns = [{ turn: 7, position: 400, told: 'started' as const }];
      const inheritance = { turns, current: 7, leaving: [], over: [], known: [], lostSamples: 0, afterGap };
      script.feed({ type: 'restored', inheritance }, { type: 'released', by: 'standby' });
      script.receive(7, 400, 1_000);
      expect(sounded(script.pull())).toEqual(afterGap ? [] : [[7, 400, PERIOD]]);
      script.receive(7, 1_000, 5_000);
      expect(sounded(script.pull())).toEqual([[7, afterGap ? 400 : 400 + PERIOD, PERIOD]]);
    },
  );

  it('keeps a muted reply running', () => {
    const script = playout();
    script.feed({ type: 'levelChanged', level: 0 });
    script.whole(7, 1_000);
    expect(told(script.pull(1_000))).toEqual(['7 started 0', '7 finished 1000']);
  });
});
