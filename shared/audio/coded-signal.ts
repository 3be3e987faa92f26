/**
 * A sound in which every sample says where it belongs: the output of a 24-bit maximal-length shift register, sixteen bits a
 * sample. Any two samples in a row occur once in 16,777,215 samples (699 s at 24 kHz), so a recording of it proves which
 * samples were lost, doubled or moved. It survives nothing but a bit-exact path, and that is its use.
 */
export const CODED_PERIOD_SAMPLES = 2 ** 24 - 1;

/** x²⁴ + x²³ + x²² + x¹⁷ + 1, primitive (Xilinx XAPP 052), as the mask of a Galois register that shifts right. */
const TAPS = 0xe1_0000;
const SEED = 1;
const BITS_PER_SAMPLE = 16;

/** `count` samples of the signal from `fromIndex` on (any non-negative integer; it repeats after CODED_PERIOD_SAMPLES). */
export function codedSamples(fromIndex: number, count: number): Int16Array {
  const samples = new Int16Array(count);
  let register = registerAt(fromIndex % CODED_PERIOD_SAMPLES);
  for (let at = 0; at < count; at += 1) {
    let bits = 0;
    for (let bit = 0; bit < BITS_PER_SAMPLE; bit += 1) {
      bits |= (register & 1) << bit;
      register = shifted(register);
    }
    samples[at] = bits;
  }
  return samples;
}

export interface IndexRange {
  from: number;
  /** Exclusive. */
  to: number;
}

export interface CodedFinding {
  /** Indices that occur nowhere in the recording. */
  lost: IndexRange[];
  /** Indices that occur more than once. */
  doubled: IndexRange[];
  /** Whether every index comes after all smaller ones. */
  inOrder: boolean;
  /** Samples that are neither silence nor part of the signal. */
  strangeSamples: number;
  /** Where in the recording the signal's first found sample lies; −1 where there is none. */
  startsAt: number;
}

/**
 * Looks for the samples `fromIndex` to `fromIndex + count` in a recording, among any amount of silence. One or two samples
 * between gaps count as strange: the first samples of a ramp out of silence (0, 78) look like a pair of the signal.
 */
export function findCodedSignal(recording: Int16Array, fromIndex: number, count: number): CodedFinding {
  const signal = codedSamples(fromIndex, count);
  const byPair = new Map<number, number>();
  for (let at = 0; at + 1 < count; at += 1) byPair.set(pairKey(signal, at), at);
  const seen = new Uint32Array(count);
  let expected = -1;
  let highest = -1;
  const finding: CodedFinding = { lost: [], doubled: [], inOrder: true, strangeSamples: 0, startsAt: -1 };
  const byThree = (at: number): number | undefined => {
    const index = byPair.get(pairKey(recording, at));
    const isThere = index !== undefined && (index + 2 === count || recording[at + 2] === signal[index + 2]);
    return isThere ? index : undefined;
  };
  for (let at = 0; at < recording.length; at += 1) {
    const runsOn = expected >= 0 && expected < count && recording[at] === signal[expected];
    const found = runsOn ? expected : byThree(at);
    if (found === undefined) {
      if (recording[at] !== 0) finding.strangeSamples += 1;
      continue;
    }
    if (finding.startsAt < 0) finding.startsAt = at;
    if (found <= highest) finding.inOrder = false;
    highest = Math.max(highest, found);
    seen[found] = (seen[found] ?? 0) + 1;
    expected = found + 1;
  }
  finding.lost = rangesOf(seen, fromIndex, (times) => times === 0);
  finding.doubled = rangesOf(seen, fromIndex, (times) => times > 1);
  return finding;
}

function pairKey(samples: Int16Array, at: number): number {
  return ((samples[at] ?? 0) & 0xffff) * 65_536 + ((samples[at + 1] ?? 0) & 0xffff);
}

function rangesOf(seen: Uint32Array, fromIndex: number, wanted: (times: number) => boolean): IndexRange[] {
  const ranges: IndexRange[] = [];
  for (const [at, times] of seen.entries()) {
    if (!wanted(times)) continue;
    const last = ranges.at(-1);
    if (last?.to === fromIndex + at) last.to += 1;
    else ranges.push({ from: fromIndex + at, to: fromIndex + at + 1 });
  }
  return ranges;
}

function shifted(register: number): number {
  return (register & 1) === 1 ? (register >>> 1) ^ TAPS : register >>> 1;
}

/** The register before sample `index`: the shift is linear over GF(2), so its powers of two jump there in 24 steps. */
function registerAt(index: number): number {
  let register = SEED;
  let jump = Array.from({ length: 24 }, (_, bit) => {
    let column = 1 << bit;
    for (let step = 0; step < BITS_PER_SAMPLE; step += 1) column = shifted(column);
    return column;
  });
  for (let rest = index; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) register = apply(jump, register);
    const once = jump;
    jump = once.map((column) => apply(once, column));
  }
  return register;
}

function apply(columns: readonly number[], register: number): number {
  return columns.reduce((sum, column, bit) => ((register >>> bit) & 1 ? sum ^ column : sum), 0);
}
