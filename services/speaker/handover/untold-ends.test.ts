import { expect, it } from 'vitest';
import { NO_UNTOLD_ENDS, nextUntoldEnds, type TurnEnd, type UntoldEndsEvent } from './untold-ends.ts';

const END = { turn: 7, position: 10_010 };
const left: UntoldEndsEvent = { type: 'left', ends: [END] };
const told: UntoldEndsEvent = { type: 'told', turn: 7 };
const dead = (atMs: number, closing = false): UntoldEndsEvent => ({
  ...{ type: 'looked', predecessorAlive: false, atMs },
  ...(closing && { closing }),
});
const alive = (atMs: number): UntoldEndsEvent => ({ type: 'looked', predecessorAlive: true, atMs });

it.each<[string, UntoldEndsEvent[], TurnEnd[]]>([
  ['tells it once, half a second after the death', [left, dead(0), dead(499), dead(500), dead(2_000)], [END]],
  ['leaves it to the predecessor as long as that lives', [left, alive(0), alive(60_000)], []],
  ['counts from the death, not from the handover', [left, alive(0), dead(60_000), dead(60_400)], []],
  ['is silent when the predecessor’s own word arrives after its death', [left, dead(0), told, dead(1_000)], []],
  ['is silent when the bus had heard it before the handover', [told, left, dead(0), dead(1_000)], []],
  ['tells it at once when it ends itself', [left, dead(0), dead(10, true)], [END]],
  ['leaves it to a living predecessor also when it ends itself', [left, { ...alive(0), closing: true } as never], []],
  ['says nothing where nothing is left', [dead(0), dead(1_000)], []],
])('%s', (_what, events, expected) => {
  let state = NO_UNTOLD_ENDS;
  const all: TurnEnd[] = [];
  for (const event of events) {
    const step = nextUntoldEnds(state, event);
    state = step.state;
    all.push(...step.tell);
  }
  expect(all).toEqual(expected);
});
