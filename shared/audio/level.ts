/** The quietest level that is told apart: one step of 16 bit is −90 dBFS. */
const FLOOR_DBFS = -100;

/** Root mean square and peak of 16-bit samples, in dBFS (0 = full scale, −100 = silence). */
export function levelOf(samples: Int16Array): { rms: number; peak: number } {
  let sumOfSquares = 0;
  let peak = 0;
  for (const sample of samples) {
    sumOfSquares += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  return { rms: dbfs(Math.sqrt(sumOfSquares / (samples.length || 1))), peak: dbfs(peak) };
}

function dbfs(amplitude: number): number {
  return amplitude === 0 ? FLOOR_DBFS : Math.max(FLOOR_DBFS, 20 * Math.log10(amplitude / 32_768));
}
