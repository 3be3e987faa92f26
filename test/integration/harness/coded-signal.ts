/** Every sample tells its own index, modulo this prime (2.5 s at 24 kHz). */
const PERIOD = 60_001;
/** No sample is nearer to 0 than this: the first step of a ramp of 20 ms does not make silence of it. */
const LEAST = 500;
/** Coprime to PERIOD, so that neighbouring indices are far apart in value. */
const STRIDE = 7_919;
/** Two neighbours that a ramp has made quieter by the same amount follow from each other somewhere else in the code; three cannot. */
const CERTAIN_RUN = 4;

function codeOf(index: number): number {
  const value = ((index * STRIDE) % PERIOD) - 30_000;
  return value >= 0 ? value + LEAST : value - LEAST;
}

const INDEX_OF = new Map(Array.from({ length: PERIOD }, (_unused, index) => [codeOf(index), index]));

export function codedSignal(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_unused, index) => codeOf(from + index));
}

/** What a recording of a coded signal holds. The path has to be bit-exact, but for stretches in a ramp. */
export interface CodedFindings {
  /** Index of the first and the last sample heard. */
  first: number;
  last: number;
  lost: number;
  doubled: number;
  /** Samples that are neither silence nor follow the code: a ramp, a mix, a broken path. Each is taken for one of the signal. */
  altered: number;
  longestSilenceSamples: number;
}

/** Follows the code through the recording. Silence before the first and after the last sample does not count. */
export function findCoded(recording: Int16Array): CodedFindings {
  const found = { first: -1, last: -1, lost: 0, doubled: 0, altered: 0, longestSilenceSamples: 0 };
  let next = -1;
  let silence = 0;
  for (const [at, sample] of recording.entries()) {
    if (sample === 0) {
      silence += 1;
      continue;
    }
    if (next >= 0) found.longestSilenceSamples = Math.max(found.longestSilenceSamples, silence);
    silence = 0;
    const index = INDEX_OF.get(sample) ?? Number.NaN;
    // Nearly every value is somebody's code, so one that jumps counts only when the next samples go on from it.
    if (index !== next % PERIOD && !isRun(recording, at, index)) {
      found.altered += 1;
      if (next >= 0) next += 1;
      continue;
    }
    if (next < 0) {
      found.first = index;
      next = index;
    }
    let step = (index - next) % PERIOD;
    if (step > PERIOD / 2) step -= PERIOD;
    if (step < -PERIOD / 2) step += PERIOD;
    if (step > 0) found.lost += step;
    if (step < 0) found.doubled -= step;
    next += step + 1;
    found.last = next - 1;
  }
  return found;
}

function isRun(recording: Int16Array, at: number, index: number): boolean {
  for (let ahead = 0; ahead < CERTAIN_RUN; ahead += 1) {
    if (INDEX_OF.get(recording[at + ahead] ?? 0) !== (index + ahead) % PERIOD) return false;
  }
  return true;
}
