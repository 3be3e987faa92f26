/**
 * Where `excerpt` is best found in `recording`, by normalised cross-correlation (1 = the same wave form at any loudness).
 * Plain search: a second of excerpt in ten seconds of recording takes about a second.
 */
export function findExcerpt(recording: Int16Array, excerpt: Int16Array): { offset: number; correlation: number } {
  const excerptEnergy = energyOf(excerpt, 0, excerpt.length);
  let best = { offset: -1, correlation: 0 };
  let windowEnergy = energyOf(recording, 0, excerpt.length);
  for (let offset = 0; offset + excerpt.length <= recording.length; offset += 1) {
    if (offset > 0) {
      const left = recording[offset - 1] ?? 0;
      const entered = recording[offset + excerpt.length - 1] ?? 0;
      windowEnergy += entered * entered - left * left;
    }
    // Silence correlates with nothing, and skipping it is most of the speed.
    if (windowEnergy < excerptEnergy / 100) continue;
    let product = 0;
    for (let index = 0; index < excerpt.length; index += 1)
      product += (recording[offset + index] ?? 0) * (excerpt[index] ?? 0);
    const correlation = product / Math.sqrt(windowEnergy * excerptEnergy);
    if (correlation > best.correlation) best = { offset, correlation };
  }
  return best;
}

function energyOf(samples: Int16Array, from: number, length: number): number {
  let energy = 0;
  for (let index = from; index < from + length; index += 1) energy += (samples[index] ?? 0) ** 2;
  return energy;
}
