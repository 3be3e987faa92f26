import {
  DRY_LIMIT,
  initialPlayout,
  MAX_OVER,
  type PlayoutEffect,
  type PlayoutState,
  PREBUFFER_AFTER_UNDERRUN,
  PREBUFFER_MAX,
  PREBUFFER_MIN,
  PROGRESS_EVERY,
  RAMP_DOWN,
  RAMP_UP,
} from './playout-state.ts';
import { advance, rampTo, slopeOf, steady } from './ramp.ts';
import { buffered, contiguous, moved, type TurnPlan } from './turn-plan.ts';

interface Pull {
  state: PlayoutState;
  readonly effects: PlayoutEffect[];
}

/** What the device gets for its next `samples`: stretches of turns, with silence wherever none is. */
export function pull(before: PlayoutState, samples: number): Pull {
  const run: Pull = { state: before, effects: [] };
  let offset = 0;
  while (offset < samples && !before.holds.includes('standby')) {
    choose(run);
    if (!begin(run)) break;
    offset += sound(run, offset, samples - offset);
  }
  rest(run, samples - offset);
  leave(run, samples);
  return run;
}

/** The lowest-numbered turn that has something to say becomes the current one. */
function choose(run: Pull): void {
  const { state } = run;
  if (state.current !== undefined) {
    if (
      (state.dryFor ?? 0) < DRY_LIMIT ||
      !state.turns.some((plan) => plan.turn !== state.current && isReady(run, plan))
    )
      return;
    const starved = currentOf(state);
    if (starved && buffered(starved) > 0) {
      endHere(run, starved);
      return;
    }
    finish(run, starved);
  }
  if (state.holds.length > 0) return;
  const next = run.state.turns.find((plan) => isReady(run, plan));
  if (next) run.state = { ...run.state, current: next.turn, moving: false, underranInTurn: false };
}

/** Nothing more is waited for; what there is of the turn is played. */
function endHere(run: Pull, plan: TurnPlan): void {
  const turns = run.state.turns.map((other) => (other === plan ? { ...plan, ended: true } : other));
  run.state = { ...run.state, turns };
}

function isReady({ state }: Pull, plan: TurnPlan): boolean {
  return plan.ended || buffered(plan) >= state.prebuffer;
}

function currentOf(state: PlayoutState): TurnPlan | undefined {
  return state.turns.find((plan) => plan.turn === state.current);
}

/** Makes the current turn move if it may. False where nothing of a turn sounds now. */
function begin(run: Pull): boolean {
  const { state } = run;
  const plan = currentOf(state);
  if (!plan) return false;
  if (state.moving) return true;
  if (plan.ended && buffered(plan) === 0) {
    finish(run, plan);
    choose(run);
    return begin(run);
  }
  if (state.holds.length > 0 || !isReady(run, plan)) return false;
  // The first syllable is not faded in (a turn begins from silence anyway), nor is what a successor takes over.
  const fresh = plan.position === plan.base && plan.told !== 'paused' && state.dryFor === undefined;
  const fade = fresh ? steady(1) : rampTo(state.fade, 1, RAMP_UP);
  const { dryFor, ...others } = state;
  let { prebuffer, underranInTurn } = state;
  if (dryFor !== undefined) {
    run.effects.push({ type: 'underran', turn: plan.turn, heldSamples: dryFor });
    prebuffer = Math.min(PREBUFFER_MAX, Math.max(PREBUFFER_AFTER_UNDERRUN, prebuffer * 2));
    underranInTurn = true;
  }
  run.state = { ...others, moving: true, fade, prebuffer, underranInTurn, sinceTold: 0 };
  if (plan.told === 'nothing') tell(run, plan, 'started');
  if (plan.told === 'paused') tell(run, plan, 'resumed');
  return true;
}

/** Hands over one stretch of the current turn with one slope of gain; returns its length. */
function sound(run: Pull, offset: number, room: number): number {
  const plan = currentOf(run.state) as TurnPlan;
  const available = contiguous(plan);
  const fade = aim(run.state, plan, available);
  const { level } = run.state;
  const beforeDry = plan.ended && plan.gaps.length === 0 ? available : available - RAMP_DOWN;
  const limits = [room, available, PROGRESS_EVERY - run.state.sinceTold];
  for (const ramp of [fade, level]) if (ramp.left > 0) limits.push(ramp.left);
  if (fade.target === 1 && beforeDry > 0) limits.push(beforeDry);
  const count = Math.min(...limits);
  if (count > 0) {
    run.effects.push({
      type: 'sounded',
      turn: plan.turn,
      from: plan.position,
      count,
      offset,
      fade: slopeOf(fade),
      level: slopeOf(level),
    });
  }
  const after = moved(plan, count);
  if (after.position > plan.position + count) {
    run.effects.push({ type: 'skipped', turn: plan.turn, from: plan.position + count, to: after.position });
  }
  run.state = {
    ...run.state,
    fade: advance(fade, count),
    level: advance(level, count),
    sinceTold: run.state.sinceTold + count,
    turns: run.state.turns.map((other) => (other === plan ? after : other)),
  };
  settle(run, after, after.position > plan.position + count);
  return count;
}

/** Where the fade goes from here: to silence when held, dropped or about to run dry, else to full. */
function aim(state: PlayoutState, plan: TurnPlan, available: number): PlayoutState['fade'] {
  if (state.doomed || state.holds.length > 0) return rampTo(state.fade, 0, Math.min(RAMP_DOWN, available));
  const goesOn = plan.ended && plan.gaps.length === 0;
  if (!goesOn && available <= RAMP_DOWN) return rampTo(state.fade, 0, available);
  // A fade that began because the buffer ran dry is carried through: turning it round for every late frame is a stutter.
  if (state.fade.target === 0 && state.fade.left > 0 && !goesOn) return state.fade;
  return rampTo(state.fade, 1, RAMP_UP);
}

/** What has become of the current turn after a stretch of it. @param skipped whether a gap lay behind that stretch. */
function settle(run: Pull, plan: TurnPlan, skipped: boolean): void {
  const { state } = run;
  const silent = state.fade.target === 0 && state.fade.left === 0;
  if (state.doomed && (silent || contiguous(plan) === 0)) {
    tell(run, plan, 'interrupted');
    run.effects.push({ type: 'forgotten', turn: plan.turn });
    run.state = { ...without(run.state, plan.turn), over: [...run.state.over, plan.turn].slice(-MAX_OVER) };
  } else if (plan.ended && buffered(plan) === 0) {
    finish(run, plan);
  } else if (silent) {
    run.state = { ...state, moving: false, ...(state.holds.length === 0 && !skipped && { dryFor: 0 }) };
  } else if (state.sinceTold >= PROGRESS_EVERY) {
    tell(run, plan, 'progress');
  }
}

/** The turn is handed over as far as it goes; it is told as finished when the device has played it. */
function finish(run: Pull, plan: TurnPlan | undefined): void {
  if (!plan) return;
  const { state } = run;
  const prebuffer = state.underranInTurn ? state.prebuffer : Math.max(PREBUFFER_MIN, Math.floor(state.prebuffer / 2));
  const leaving = [...state.leaving, { plan: { ...plan, ended: true }, left: state.latency }];
  run.state = { ...without(state, plan.turn), leaving, prebuffer };
}

function without(state: PlayoutState, turn: number): PlayoutState {
  const { current: _over, dryFor: _dry, ...others } = state;
  return {
    ...others,
    moving: false,
    doomed: false,
    fade: initialPlayout.fade,
    turns: state.turns.filter((plan) => plan.turn !== turn),
    known: state.known.filter((known) => known.turn !== turn),
  };
}

/** `samples` of silence end the block. */
function rest(run: Pull, samples: number): void {
  if (samples === 0) return;
  const { state } = run;
  const plan = currentOf(state);
  const held = state.holds.length > 0;
  if (plan && held && plan.told === 'started' && !state.holds.includes('standby')) tell(run, plan, 'paused');
  // A turn that may sound and does not waits for samples, be it after a fade, a gap or a pause.
  const waits = plan !== undefined && !held;
  run.state = {
    ...run.state,
    level: advance(run.state.level, samples),
    ...(waits && { dryFor: (state.dryFor ?? 0) + samples }),
  };
}

/** The device has played `samples` more. */
function leave(run: Pull, samples: number): void {
  if (run.state.leaving.length === 0) return;
  const leaving = run.state.leaving.map(({ plan, left }) => ({ plan, left: left - samples }));
  for (const { plan, left } of leaving) {
    if (left > 0) continue;
    run.effects.push(
      { type: 'told', turn: plan.turn, state: 'finished', position: plan.position },
      { type: 'forgotten', turn: plan.turn },
    );
    run.state = { ...run.state, over: [...run.state.over, plan.turn].slice(-MAX_OVER) };
  }
  run.state = { ...run.state, leaving: leaving.filter(({ left }) => left > 0) };
}

function tell(run: Pull, plan: TurnPlan, state: 'started' | 'progress' | 'paused' | 'resumed' | 'interrupted'): void {
  run.effects.push({ type: 'told', turn: plan.turn, state, position: plan.position });
  const told = state === 'paused' ? 'paused' : 'started';
  run.state = {
    ...run.state,
    sinceTold: 0,
    turns: run.state.turns.map((other) => (other.turn === plan.turn ? { ...other, told } : other)),
  };
}
