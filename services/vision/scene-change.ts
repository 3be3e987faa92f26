/** A picture shrunk to a few grey cells, row by row, 0 black to 255 white. Two of them have the same number of cells. */
export type GreyCells = Uint8Array;

export interface ScenePolicy {
  /** Time between two frames of a scene that keeps changing. */
  readonly frameMs: number;
  /** An unchanged scene is published at least this often. */
  readonly refreshMs: number;
  /** Difference from which a scene counts as changed, in percent of full scale. */
  readonly thresholdPercent: number;
}

export interface SceneState {
  /** The cells the present scene began with. Compared with these and not with the last frame, so that slow drift counts too. */
  readonly reference?: GreyCells;
  readonly lastLook?: GreyCells;
  /** How much the picture moves from one look to the next lately, in percent. */
  readonly motionPercent: number;
  /** Number of the present scene; it rises by one with each change. */
  readonly scene: number;
  readonly publishedAtMs: number;
  /** When the next frame of a changing scene is due; keeps the mean rate right although looks come in their own rhythm. */
  readonly dueAtMs: number;
  readonly suddenAtMs: number;
}

export interface Look {
  /** Capture time, Unix milliseconds. */
  readonly atMs: number;
  readonly cells: GreyCells;
  /** Somebody speaks or asks: the newest picture matters more than its cost. */
  readonly attentive: boolean;
}

export type PublishReason = 'first' | 'attentive' | 'sudden' | 'changed' | 'refresh';

/** While somebody speaks a frame follows the last one after this long; with capture and encoding none is older than 300 ms. */
export const ATTENTIVE_MS = 120;
/** A cut, a door that opens, a car that enters: far more than the threshold… */
const SUDDEN_PERCENT = 8;
/** …and far more than the movement of walking, which is steady and goes at the ordinary rate. */
const SUDDEN_OVER_MOTION = 3;
/** Weight of the newest look in the running mean of movement: the last second counts at five looks a second. */
const MOTION_WEIGHT = 0.2;

/** @param firstScene rises over restarts, so that a subscriber never takes a new scene for one it has seen. */
export function noScene(firstScene: number): SceneState {
  return {
    scene: firstScene,
    motionPercent: 0,
    publishedAtMs: Number.NEGATIVE_INFINITY,
    dueAtMs: Number.NEGATIVE_INFINITY,
    suddenAtMs: Number.NEGATIVE_INFINITY,
  };
}

/** Whether this picture is worth publishing, and why. */
export function lookAt(
  state: SceneState,
  look: Look,
  policy: ScenePolicy,
): { state: SceneState; publish?: PublishReason } {
  const { atMs, cells } = look;
  const changed = !state.reference || differencePercent(state.reference, cells) >= policy.thresholdPercent;
  const movedPercent = state.lastLook ? differencePercent(state.lastLook, cells) : 0;
  const publish = reasonToPublish(state, look, changed, movedPercent, policy);
  const looked: SceneState = {
    ...state,
    lastLook: cells,
    motionPercent: state.motionPercent + MOTION_WEIGHT * (movedPercent - state.motionPercent),
  };
  if (!publish) return { state: looked };
  const newScene = changed && state.reference !== undefined;
  return {
    publish,
    state: {
      ...looked,
      ...((changed || !state.reference) && { reference: cells }),
      scene: newScene ? state.scene + 1 : state.scene,
      publishedAtMs: atMs,
      dueAtMs: Math.max(state.dueAtMs, atMs - policy.frameMs / 2) + policy.frameMs,
      suddenAtMs: publish === 'sudden' ? atMs : state.suddenAtMs,
    },
  };
}

function reasonToPublish(
  state: SceneState,
  { atMs, attentive }: Look,
  changed: boolean,
  movedPercent: number,
  policy: ScenePolicy,
): PublishReason | undefined {
  const sinceMs = atMs - state.publishedAtMs;
  if (!state.reference) return 'first';
  if (attentive && sinceMs >= ATTENTIVE_MS) return 'attentive';
  const sudden = movedPercent >= Math.max(SUDDEN_PERCENT, SUDDEN_OVER_MOTION * state.motionPercent);
  if (changed && sudden && atMs - state.suddenAtMs >= policy.frameMs) return 'sudden';
  if (changed && atMs >= state.dueAtMs) return 'changed';
  if (atMs >= state.dueAtMs && sinceMs >= policy.refreshMs) return 'refresh';
  return undefined;
}

/**
 * Root of the mean squared difference of the cells in percent of full scale: unlike the plain mean it lets a change
 * in one corner count. The shift of the whole picture's brightness is taken out first, because a camera's exposure
 * breathes; a light that is switched on changes contrasts as well and still counts.
 */
export function differencePercent(before: GreyCells, now: GreyCells): number {
  let sum = 0;
  let squares = 0;
  const cells = Math.min(before.length, now.length);
  for (let index = 0; index < cells; index += 1) {
    const difference = (now[index] ?? 0) - (before[index] ?? 0);
    sum += difference;
    squares += difference * difference;
  }
  const shift = sum / cells;
  const forgiven = Math.min(Math.abs(shift), BREATHING_LEVELS);
  const meanSquare = squares / cells - shift * shift + (Math.abs(shift) - forgiven) ** 2;
  return (Math.sqrt(Math.max(0, meanSquare)) / 255) * 100;
}

/** A shift of brightness up to this many grey levels is taken for the exposure's breathing. */
const BREATHING_LEVELS = 8;
