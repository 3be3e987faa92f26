/** How long something takes, as the two figures a recording gives. */
export interface Latency {
  medianMs: number;
  p95Ms: number;
}

/** The standard normal's 95th percentile. */
const Z_95 = 1.645;

/**
 * One draw from the log-normal with this median and 95th percentile, and the generator's next state.
 * @param state any 32-bit integer; the same state gives the same draw.
 */
export function drawLatency({ medianMs, p95Ms }: Latency, state: number): { latencyMs: number; state: number } {
  if (medianMs <= 0) return { latencyMs: 0, state };
  const first = nextRandom(state);
  const second = nextRandom(first.state);
  const sigma = Math.log(Math.max(1, p95Ms / medianMs)) / Z_95;
  // Box-Muller; 1 − u keeps the logarithm away from zero.
  const normal = Math.sqrt(-2 * Math.log(1 - first.value)) * Math.cos(2 * Math.PI * second.value);
  return { latencyMs: medianMs * Math.exp(sigma * normal), state: second.state };
}

/** Mulberry32: a value in [0, 1) and the next state. */
export function nextRandom(state: number): { value: number; state: number } {
  const next = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(next ^ (next >>> 15), next | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32, state: next };
}
