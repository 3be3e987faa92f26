import { isShortlyBefore } from '#shared/pcm/stream-number.ts';
import { type Hold, MAX_KNOWN, type PlayoutEvent, type PlayoutState, RAMP_UP } from './playout-state.ts';
import { pull } from './pull.ts';
import { rampTo, steady } from './ramp.ts';
import { restore } from './restore.ts';
import {
  changeTurn,
  drop,
  endDoomed,
  insert,
  isOver,
  type PlayoutStep,
  rewind,
  same,
  takeBack,
} from './turn-changes.ts';
import { newTurn, withReceived } from './turn-plan.ts';

/**
 * Decides which samples of which turn sound when. Pure, and it never sees a sample: it deals in positions, and the device's
 * own pulls are its clock. One turn sounds at a time, the lowest number first; every sample handed over is handed over once.
 */
export function nextPlayout(state: PlayoutState, event: PlayoutEvent): PlayoutStep {
  switch (event.type) {
    case 'announced':
      return same(isOver(state, event.turn) ? state : withKnown(state, event.turn, event.utterance));
    case 'received':
      return changeTurn(state, event.turn, (plan) => withReceived(plan, event.from, event.to));
    case 'ended':
      return changeTurn(state, event.turn, (plan) => ({ ...plan, ended: true }));
    case 'continued':
      if (isOver(state, event.turn) || state.turns.some((plan) => plan.turn === event.turn)) return same(state);
      return same(insert(state, newTurn(event.turn, event.position)));
    case 'restored':
      return restore(state, event.inheritance);
    case 'interrupted': {
      const spared = (turn: number): boolean => {
        const answers = state.known.find((known) => known.turn === turn)?.utterance;
        if (event.utterance === undefined || answers === undefined) return false;
        return answers === event.utterance || isShortlyBefore(event.utterance, answers);
      };
      const turns = [...state.known, ...state.turns].map(({ turn }) => turn).filter((turn) => !spared(turn));
      return drop(state, new Set(turns));
    }
    case 'dropped':
      return drop(state, new Set([event.turn]));
    case 'held':
      return hold(state, event.by);
    case 'released': {
      // Nothing of ours has sounded during a standby, so there is no loudness to come from.
      const level = event.by === 'standby' ? steady(state.level.target) : state.level;
      return same({ ...state, level, holds: state.holds.filter((by) => by !== event.by) });
    }
    case 'levelChanged':
      return same({ ...state, level: rampTo(state.level, event.level, RAMP_UP) });
    case 'latencyChanged':
      return same({ ...state, latency: event.samples });
    case 'deviceLost':
      return rewind(state, event.unheardSamples);
    case 'takenBack':
      return same(takeBack(state, event.samples));
    case 'pulled':
      return pull(state, event.samples);
  }
}

function withKnown(state: PlayoutState, turn: number, utterance: number | undefined): PlayoutState {
  const before = state.known.find((known) => known.turn === turn);
  if (before && (utterance === undefined || before.utterance === utterance)) return state;
  const others = state.known.filter((known) => known.turn !== turn);
  const known = utterance === undefined ? { turn } : { turn, utterance };
  return { ...state, known: [...others, known].slice(-MAX_KNOWN) };
}

/** In the ramp of its pull, but for a handover: there the successor takes up the very next sample, at full gain. */
function hold(state: PlayoutState, by: Hold): PlayoutStep {
  const holds = state.holds.includes(by) ? state.holds : [...state.holds, by];
  if (by !== 'standby') return same({ ...state, holds });
  const { state: stopped, effects } = endDoomed(state);
  return { state: { ...stopped, holds, moving: false, fade: steady(0) }, effects };
}
