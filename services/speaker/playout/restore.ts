import {
  type Inheritance,
  MAX_KNOWN,
  MAX_OVER,
  type PlayoutEffect,
  type PlayoutState,
  PREBUFFER_AFTER_UNDERRUN,
} from './playout-state.ts';
import type { PlayoutStep } from './turn-changes.ts';
import { newTurn, type TurnPlan } from './turn-plan.ts';

/** The playout of a successor: goes on at the next sample of every turn, with whatever has arrived here already. */
export function restore(before: PlayoutState, inheritance: Inheritance): PlayoutStep {
  const { current, over, known, lostSamples } = inheritance;
  const open = inheritance.turns
    // Dropped here, by an interrupt the predecessor did not live to hear.
    .filter(({ turn }) => !before.over.includes(turn))
    .map(({ turn, position, told }) => {
      const unheard = turn === current ? lostSamples : 0;
      return continued(before, turn, Math.max(0, position - unheard), told);
    });
  const cutOff = inheritance.leaving.filter(({ left }) => Math.min(left, lostSamples) > 0);
  const tails = cutOff.map(({ turn, position, left }) =>
    continued(before, turn, Math.max(0, position - Math.min(left, lostSamples)), 'started'),
  );
  const finished = inheritance.leaving.filter((turn) => !cutOff.includes(turn));
  const gone = new Set([...over, ...finished.map(({ turn }) => turn)]);
  const inherited = [...open, ...tails];
  // What was said since the record was written counts.
  const isKnown = (turn: number): boolean => before.known.some((own) => own.turn === turn);
  const others = before.turns.filter(({ turn }) => !gone.has(turn) && !inherited.some((plan) => plan.turn === turn));
  return {
    state: {
      ...before,
      prebuffer: inheritance.afterGap ? Math.max(before.prebuffer, PREBUFFER_AFTER_UNDERRUN) : before.prebuffer,
      turns: [...inherited, ...others].sort((one, other) => one.turn - other.turn),
      over: [...before.over, ...gone].slice(-MAX_OVER),
      known: [...known.filter(({ turn }) => !gone.has(turn) && !isKnown(turn)), ...before.known].slice(-MAX_KNOWN),
    },
    effects: [
      ...finished.map(({ turn, position }): PlayoutEffect => ({ type: 'told', turn, state: 'finished', position })),
      ...[...gone].map((turn): PlayoutEffect => ({ type: 'forgotten', turn })),
    ],
  };
}

function continued(state: PlayoutState, turn: number, position: number, told: TurnPlan['told']): TurnPlan {
  const here = state.turns.find((plan) => plan.turn === turn) ?? newTurn(turn, position);
  return {
    ...here,
    base: position,
    position,
    received: Math.max(here.received, position),
    gaps: here.gaps.filter(({ from }) => from >= position),
    told,
  };
}
