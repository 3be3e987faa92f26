/** What is known of one turn's samples and how far they have been handed to the device. Positions count from the turn's start. */
export interface TurnPlan {
  readonly turn: number;
  /** The first position this process has samples of; above 0 where a predecessor has played the beginning. */
  readonly base: number;
  /** The next sample to hand over. */
  readonly position: number;
  /** Everything from `base` to here has arrived, but for `gaps`. */
  readonly received: number;
  /** Stretches nobody could deliver, in order; they are skipped. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** The publisher has sent its last sample. */
  readonly ended: boolean;
  /** What the bus has been told of it. */
  readonly told: 'nothing' | 'started' | 'paused';
}

export function newTurn(turn: number, base = 0): TurnPlan {
  return { turn, base, position: base, received: base, gaps: [], ended: false, told: base > 0 ? 'started' : 'nothing' };
}

/** The turn with the samples from `from` up to `to`; what lies between the last known sample and `from` is a gap. */
export function withReceived(plan: TurnPlan, from: number, to: number): TurnPlan {
  if (to <= plan.received) return plan;
  const gaps = from > plan.received ? [...plan.gaps, { from: plan.received, to: from }] : plan.gaps;
  return overGap({ ...plan, received: to, gaps });
}

/** Samples that can be handed over in one piece. */
export function contiguous(plan: TurnPlan): number {
  return Math.max(0, (plan.gaps[0]?.from ?? plan.received) - plan.position);
}

/** Samples that have arrived and not been handed over. */
export function buffered(plan: TurnPlan): number {
  return plan.gaps.reduce((sum, gap) => sum - (gap.to - gap.from), plan.received - plan.position);
}

/** After `count` more samples; a gap that is reached is jumped over. */
export function moved(plan: TurnPlan, count: number): TurnPlan {
  return overGap({ ...plan, position: plan.position + count });
}

/** Back to what was handed over but never heard. */
export function rewound(plan: TurnPlan, samples: number): TurnPlan {
  return { ...plan, position: Math.max(plan.base, plan.position - samples) };
}

function overGap(plan: TurnPlan): TurnPlan {
  const [gap, ...later] = plan.gaps;
  return gap && plan.position >= gap.from ? { ...plan, position: gap.to, gaps: later } : plan;
}
