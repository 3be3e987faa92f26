import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { SampleRing } from './sample-ring.ts';
import { findSplice, loudestStretch, TAIL_SAMPLES } from './splice.ts';

/** Two processes of one machine have the same clock, and two captures of one device are this far apart at most. */
export const JOINT_WITHIN_SAMPLES = 0.3 * MICROPHONE_RATE_HZ;
/** The first samples of a capture are the filters settling. */
const SETTLING_SAMPLES = 0.03 * MICROPHONE_RATE_HZ;

/** Our own capture, which began at position `began`. */
export interface OwnCapture {
  ring: SampleRing;
  began: number;
}

/**
 * The position in our own capture at which another capture's `samples` ended, found by their loudest stretch. Undefined where
 * nothing matches. @param byClock where the clock says it is. @param told where we were when we heard of it: searched as well, because
 * the clock may have been set by a second since the other process was started. A busy machine tells late, so what fits where the
 * clock says it is goes before what fits elsewhere.
 */
export function findJoint(
  samples: Int16Array,
  { ring, began }: OwnCapture,
  byClock: number,
  told = byClock,
): number | undefined {
  // What the other one heard before our own capture began cannot be found in it.
  const end = loudestStretch(samples, byClock - began - SETTLING_SAMPLES);
  const after = samples.length - end;
  const expected = byClock - after;
  const from = Math.max(began, Math.min(byClock, told) - after - TAIL_SAMPLES - JOINT_WITHIN_SAMPLES);
  const to = Math.min(ring.head, Math.max(byClock, told) - after + JOINT_WITHIN_SAMPLES);
  if (to - from < TAIL_SAMPLES) return undefined;
  const [tail, recent] = [samples.subarray(end - TAIL_SAMPLES, end), ring.read(from, to)];
  const byItsTime = findSplice(tail, recent, expected - from);
  if (byItsTime === undefined) return undefined;
  const isInTime = Math.abs(from + byItsTime - expected) <= JOINT_WITHIN_SAMPLES;
  const found = isInTime ? byItsTime : (findSplice(tail, recent, told - after - from) ?? byItsTime);
  return from + found + after;
}

/** Samples from the base64 text of a handover. */
export function samplesOf(base64: string): Int16Array {
  const bytes = Buffer.from(base64, 'base64');
  const samples = new Int16Array(bytes.length >> 1);
  Buffer.from(samples.buffer).set(bytes.subarray(0, samples.length * 2));
  return samples;
}
