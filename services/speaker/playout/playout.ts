import {
  type Hold,
  MAX_KNOWN,
  MAX_OVER,
  MAX_TURNS,
  type PlayoutEffect,
  type PlayoutEvent,
  type PlayoutState,
  RAMP_UP,
} from './playout-state.ts';
import { pull } from './pull.ts';
import { rampTo, steady } from './ramp.ts';
import { newTurn, rewound, type TurnPlan, withReceived } from './turn-plan.ts';

export interface PlayoutStep {
  state: PlayoutState;
  effects: PlayoutEffect[];
}

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
    case 'interrupted': {
      const spared = (turn: number): boolean => {
        const answers = state.known.find((known) => known.turn === turn)?.utterance;
        return event.utterance !== undefined && answers !== undefined && answers >= event.utterance;
      };
      const turns = [...state.known, ...state.turns].map(({ turn }) => turn).filter((turn) => !spared(turn));
      return drop(state, new Set(turns));
    }
    case 'dropped':
      return drop(state, new Set([event.turn]));
    case 'failed':
      return state.turns.some((plan) => plan.turn === event.turn && plan.received > 0)
        ? changeTurn(state, event.turn, (plan) => ({ ...plan, ended: true }))
        : drop(state, new Set([event.turn]));
    case 'held':
      return hold(state, event.by);
    case 'released':
      return same({ ...state, holds: state.holds.filter((by) => by !== event.by) });
    case 'levelChanged':
      return same({ ...state, level: rampTo(state.level, event.level, RAMP_UP) });
    case 'latencyChanged':
      return same({ ...state, latency: event.samples });
    case 'deviceLost':
      return rewind(state, event.unheardSamples);
    case 'pulled':
      return pull(state, event.samples);
  }
}

function same(state: PlayoutState): PlayoutStep {
  return { state, effects: [] };
}

function isOver(state: PlayoutState, turn: number): boolean {
  return (
    state.over.includes(turn) ||
    state.leaving.some(({ plan }) => plan.turn === turn) ||
    (state.doomed && state.current === turn)
  );
}

function withKnown(state: PlayoutState, turn: number, utterance: number | undefined): PlayoutState {
  const before = state.known.find((known) => known.turn === turn);
  if (before && (utterance === undefined || before.utterance === utterance)) return state;
  const others = state.known.filter((known) => known.turn !== turn);
  const known = utterance === undefined ? { turn } : { turn, utterance };
  return { ...state, known: [...others, known].slice(-MAX_KNOWN) };
}

/** Samples of a turn that is over, or of one too many, are to be forgotten at once. */
function changeTurn(state: PlayoutState, turn: number, change: (plan: TurnPlan) => TurnPlan): PlayoutStep {
  const known = state.turns.find((plan) => plan.turn === turn);
  if (isOver(state, turn) || (!known && state.turns.length >= MAX_TURNS)) {
    const inUse = known || state.leaving.some(({ plan }) => plan.turn === turn);
    return { state, effects: inUse ? [] : [{ type: 'forgotten', turn }] };
  }
  if (!known) return same(insert(state, change(newTurn(turn))));
  return same({ ...state, turns: state.turns.map((plan) => (plan === known ? change(plan) : plan)) });
}

/** In the ramp of its pull, but for a handover: there the successor takes up the very next sample, at full gain. */
function hold(state: PlayoutState, by: Hold): PlayoutStep {
  const holds = state.holds.includes(by) ? state.holds : [...state.holds, by];
  if (by !== 'standby') return same({ ...state, holds });
  const { state: stopped, effects } = endDoomed(state);
  return { state: { ...stopped, holds, moving: false, fade: steady(0) }, effects };
}

/** A dropped turn that was still fading out is over now. */
function endDoomed(state: PlayoutState): PlayoutStep {
  if (!state.doomed || state.current === undefined) return same(state);
  return drop({ ...state, moving: false, doomed: false }, new Set([state.current]));
}

function insert(state: PlayoutState, plan: TurnPlan): PlayoutState {
  return { ...state, turns: [...state.turns, plan].sort((one, other) => one.turn - other.turn) };
}

/** Drops turns for ever. The one that sounds fades out first (its end is told by the pull that reaches it). */
function drop(state: PlayoutState, dropped: ReadonlySet<number>): PlayoutStep {
  const fadesOut = state.moving && state.current !== undefined && dropped.has(state.current);
  const over = [...dropped].filter((turn) => !(fadesOut && turn === state.current) && !isOver(state, turn));
  const gone = state.turns.filter((plan) => over.includes(plan.turn));
  const effects = gone.flatMap((plan): PlayoutEffect[] => [
    { type: 'told', turn: plan.turn, state: 'interrupted', position: plan.position },
    { type: 'forgotten', turn: plan.turn },
  ]);
  const { current, dryFor, ...rest } = state;
  const keepsCurrent = current !== undefined && !over.includes(current);
  return {
    state: {
      ...rest,
      ...(keepsCurrent && { current }),
      ...(keepsCurrent && dryFor !== undefined && { dryFor }),
      doomed: state.doomed || fadesOut,
      turns: state.turns.filter((plan) => !gone.includes(plan)),
      known: state.known.filter(({ turn }) => !dropped.has(turn)),
      over: [...state.over, ...over].slice(-MAX_OVER),
    },
    effects,
  };
}

/** What the lost device had not played is played again; a turn that was on its way out comes back for its tail. */
function rewind(before: PlayoutState, unheard: number): PlayoutStep {
  const { state, effects } = endDoomed(before);
  const returning: TurnPlan[] = [];
  const leaving = state.leaving.filter(({ plan, left }) => {
    const tail = rewound(plan, Math.min(left, unheard));
    if (tail.position < plan.position) returning.push(tail);
    return tail.position === plan.position;
  });
  const turns = state.turns.map((plan) => (plan.turn === state.current ? rewound(plan, unheard) : plan));
  const { current: _chosenAnew, dryFor: _dry, ...rest } = state;
  const ordered = [...returning, ...turns].sort((one, other) => one.turn - other.turn);
  return { state: { ...rest, turns: ordered, leaving, moving: false, fade: steady(0) }, effects };
}
