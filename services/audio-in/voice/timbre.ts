import { WINDOW_SAMPLES } from './silero-network.ts';

/** How one window sounds. */
export interface Timbre {
  /** Root mean square in dBFS. */
  levelDbfs: number;
  /** Energy of the first difference over energy: 0 for a steady pressure, 4 for the highest frequency, 1 to 3 for a fricative. */
  brightness: number;
  /**
   * dB: what sounds above 450 Hz over what sounds from 80 to 400 Hz. Through a closed mouth (a hum, an "m") it is -6 to -30,
   * in a vowel -5 to 20.
   */
  openness: number;
}

const SILENCE_DBFS = -100;
const BIN_HZ = 16_000 / WINDOW_SAMPLES;
/** Where the first formant of a closed mouth lies. */
const LOW_HZ = [80, 400] as const;
const HIGH_FROM_HZ = 450;
const LOW_BINS = Math.ceil(HIGH_FROM_HZ / BIN_HZ);

const HANN = Float64Array.from(
  { length: WINDOW_SAMPLES },
  (_unused, at) => Math.sin((Math.PI * at) / WINDOW_SAMPLES) ** 2,
);
const waves = (of: (radians: number) => number) =>
  Array.from({ length: LOW_BINS }, (_unused, bin) =>
    Float64Array.from(HANN, (weight, at) => weight * of((2 * Math.PI * bin * at) / WINDOW_SAMPLES)),
  );
const COSINES = waves(Math.cos);
const SINES = waves(Math.sin);

/** @param samples one window of the detector (512). */
export function timbreOf(samples: Int16Array): Timbre {
  let energy = 0;
  let differences = 0;
  let previous = samples[0] ?? 0;
  for (const sample of samples) {
    energy += sample * sample;
    differences += (sample - previous) ** 2;
    previous = sample;
  }
  if (energy === 0) return { levelDbfs: SILENCE_DBFS, brightness: 0, openness: 0 };
  const levelDbfs = Math.max(SILENCE_DBFS, 10 * Math.log10(energy / samples.length / 32_768 ** 2));
  return { levelDbfs, brightness: differences / energy, openness: opennessOf(samples) };
}

/** Only the few bins below 450 Hz are computed: the rest is what they leave of the whole (Parseval). */
function opennessOf(samples: Int16Array): number {
  let whole = 0;
  for (let at = 0; at < samples.length; at += 1) whole += ((samples[at] ?? 0) * (HANN[at] ?? 0)) ** 2;
  whole *= WINDOW_SAMPLES / 2;
  let low = 0;
  let below = 0;
  for (let bin = 0; bin < LOW_BINS; bin += 1) {
    const power = powerOf(samples, bin) * (bin === 0 ? 0.5 : 1);
    below += power;
    if (bin * BIN_HZ >= LOW_HZ[0] && bin * BIN_HZ < LOW_HZ[1]) low += power;
  }
  return 10 * Math.log10(Math.max(1, whole - below) / Math.max(1, low));
}

function powerOf(samples: Int16Array, bin: number): number {
  const cosine = COSINES[bin] as Float64Array;
  const sine = SINES[bin] as Float64Array;
  let real = 0;
  let imaginary = 0;
  for (let at = 0; at < samples.length; at += 1) {
    const sample = samples[at] as number;
    real += sample * (cosine[at] as number);
    imaginary += sample * (sine[at] as number);
  }
  return real * real + imaginary * imaginary;
}

/** A closed mouth stays under this (decision 0021). So do some words, but not as steadily. */
const CLOSED_DB = -4;
/** A hum changes by less than this, a word by more, as the mouth opens and closes. */
const STEADY_DB = 8;
/** What is this much quieter than the loudest window is breath or background, and says nothing. */
const QUIET_DB = 10;
/** The "h" of "mhm" is this bright, for two or three windows; a bright vowel lasts longer. */
const BREATH_BRIGHTNESS = 0.4;
const LONGEST_BREATH_WINDOWS = 3;

/** Whether these windows hold nothing but a closed-mouth hum ("mhm"): a listener's sign of attention, not an interruption. */
export function isHum(timbres: readonly Timbre[]): boolean {
  const loudest = Math.max(...timbres.map(({ levelDbfs }) => levelDbfs));
  const openness = timbres
    .filter(({ levelDbfs }, index) => {
      // Windows overlap by half, so the neighbours of a breath hold half of it.
      if ([index - 1, index, index + 1].some((near) => isBreath(timbres, near))) return false;
      return levelDbfs >= loudest - QUIET_DB;
    })
    .map((timbre) => timbre.openness)
    .sort((one, other) => other - one);
  // The most open one may be a click of the lips, the most closed one the edge of a sound.
  const [, open] = openness;
  if (open === undefined) return true;
  return open < CLOSED_DB && open - (openness.at(-2) ?? open) < STEADY_DB;
}

function isBreath(timbres: readonly Timbre[], index: number): boolean {
  const breathy = (at: number) => (timbres[at]?.brightness ?? 0) >= BREATH_BRIGHTNESS;
  if (!breathy(index)) return false;
  let length = 1;
  for (let at = index - 1; breathy(at); at -= 1) length += 1;
  for (let at = index + 1; breathy(at); at += 1) length += 1;
  return length <= LONGEST_BREATH_WINDOWS;
}
