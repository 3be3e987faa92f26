import { MAX_OVER, MAX_TURNS, type PlayoutEffect, type PlayoutState } from './playout-state.ts';
import { steady } from './ramp.ts';
import { newTurn, rewound, type TurnPlan } from './turn-plan.ts';

export interface PlayoutStep {
  state: PlayoutState;
  effects: PlayoutEffect[];
}

export function same(state: PlayoutState): PlayoutStep {
  return { state, effects: [] };
}

export function isOver(state: PlayoutState, turn: number): boolean {
  return (
    state.over.includes(turn) ||
    state.leaving.some(({ plan }) => plan.turn === turn) ||
    (state.doomed && state.current === turn)
  );
}

/** Samples of a turn that is over, or of one too many, are to be forgotten at once. */
export function changeTurn(state: PlayoutState, turn: number, change: (plan: TurnPlan) => TurnPlan): PlayoutStep {
  const known = state.turns.find((plan) => plan.turn === turn);
  if (isOver(state, turn) || (!known && state.turns.length >= MAX_TURNS)) {
    const inUse = known || state.leaving.some(({ plan }) => plan.turn === turn);
    return { state, effects: inUse ? [] : [{ type: 'forgotten', turn }] };
  }
  if (!known) return same(insert(state, change(newTurn(turn))));
  return same({ ...state, turns: state.turns.map((plan) => (plan === known ? change(plan) : plan)) });
}

/** A dropped turn that was still fading out is over now. */
export function endDoomed(state: PlayoutState): PlayoutStep {
  if (!state.doomed || state.current === undefined) return same(state);
  return drop({ ...state, moving: false, doomed: false }, new Set([state.current]));
}

export function insert(state: PlayoutState, plan: TurnPlan): PlayoutState {
  return { ...state, turns: [...state.turns, plan].sort((one, other) => one.turn - other.turn) };
}

/** Drops turns for ever. The one that sounds fades out first (its end is told by the pull that reaches it). */
export function drop(state: PlayoutState, dropped: ReadonlySet<number>): PlayoutStep {
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

/** As if the newest samples had not been handed over yet. */
export function takeBack(state: PlayoutState, samples: number): PlayoutState {
  if (!state.moving) {
    return state.dryFor === undefined ? state : { ...state, dryFor: Math.max(0, state.dryFor - samples) };
  }
  const turns = state.turns.map((plan) => (plan.turn === state.current ? rewound(plan, samples) : plan));
  return { ...state, turns, sinceTold: Math.max(0, state.sinceTold - samples) };
}

/** What the lost device had not played is played again; a turn that was on its way out comes back for its tail. */
export function rewind(before: PlayoutState, unheard: number): PlayoutStep {
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
