/**
 * A gain that moves in a straight line, sample by sample. A jump in gain is heard as a click, so every change of loudness
 * (pause, resume, duck, volume, underrun) goes through one of these.
 */
export interface Ramp {
  /** Gain before the next sample. */
  readonly gain: number;
  /** Where it goes. */
  readonly target: number;
  /** Samples until it is there; 0 = at rest. */
  readonly left: number;
}

/** A stretch of one ramp: sample k of it has the gain `from + step * (k + 0.5)`, so that no sample is multiplied by 0. */
export interface GainSlope {
  readonly from: number;
  readonly step: number;
}

export function steady(gain: number): Ramp {
  return { gain, target: gain, left: 0 };
}

/** Turns towards `target`, to be reached in `samples`; a ramp that is already on its way there in no more than that goes on. */
export function rampTo(ramp: Ramp, target: number, samples: number): Ramp {
  if (ramp.target === target && ramp.left <= samples) return ramp;
  if (samples <= 0 || ramp.gain === target) return steady(target);
  return { gain: ramp.gain, target, left: samples };
}

export function slopeOf(ramp: Ramp): GainSlope {
  return { from: ramp.gain, step: ramp.left === 0 ? 0 : (ramp.target - ramp.gain) / ramp.left };
}

/** The ramp after `samples`. */
export function advance(ramp: Ramp, samples: number): Ramp {
  if (samples >= ramp.left) return steady(ramp.target);
  return { ...ramp, gain: ramp.gain + slopeOf(ramp).step * samples, left: ramp.left - samples };
}
