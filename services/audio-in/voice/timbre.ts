/** How loud and how bright one window sounds. */
export interface Timbre {
  /** Root mean square in dBFS. */
  levelDbfs: number;
  /**
   * Energy of the first difference over energy: 0 for a steady pressure, 4 for the highest frequency. A closed-mouth hum
   * stays under 0.04, a vowel reaches 0.05 to 0.5, a fricative 1 to 3.
   */
  brightness: number;
}

const SILENCE_DBFS = -100;

export function timbreOf(samples: Int16Array): Timbre {
  let energy = 0;
  let differences = 0;
  let previous = samples[0] ?? 0;
  for (const sample of samples) {
    energy += sample * sample;
    differences += (sample - previous) ** 2;
    previous = sample;
  }
  if (energy === 0) return { levelDbfs: SILENCE_DBFS, brightness: 0 };
  const levelDbfs = Math.max(SILENCE_DBFS, 10 * Math.log10(energy / samples.length / 32_768 ** 2));
  return { levelDbfs, brightness: differences / energy };
}

/** The darkest vowels of the recorded speakers and of the synthetic voices are just brighter than this, hums are not. */
const HUM_BRIGHTNESS = 0.05;
/** What is this much quieter than the loudest window is breath or background, and says nothing. */
const QUIET_DB = 10;
/** The "h" of "mhm" is this bright, for two or three windows; a bright vowel lasts longer. */
const BREATH_BRIGHTNESS = 0.4;
const LONGEST_BREATH_WINDOWS = 3;
/** One bright window may be a click of the lips; asking for more made two recorded sentences sound like hums. */
const BRIGHT_WINDOWS = 2;

/** Whether these windows hold nothing but a closed-mouth hum ("mhm"): a listener's sign of attention, not an interruption. */
export function isHum(timbres: readonly Timbre[]): boolean {
  const loudest = Math.max(...timbres.map(({ levelDbfs }) => levelDbfs));
  const bright = timbres.filter(({ levelDbfs, brightness }, index) => {
    // Windows overlap by half, so the neighbours of a breath hold half of it.
    if ([index - 1, index, index + 1].some((near) => isBreath(timbres, near))) return false;
    return levelDbfs >= loudest - QUIET_DB && brightness >= HUM_BRIGHTNESS;
  });
  return bright.length < BRIGHT_WINDOWS;
}

function isBreath(timbres: readonly Timbre[], index: number): boolean {
  const breathy = (at: number) => (timbres[at]?.brightness ?? 0) >= BREATH_BRIGHTNESS;
  if (!breathy(index)) return false;
  let length = 1;
  for (let at = index - 1; breathy(at); at -= 1) length += 1;
  for (let at = index + 1; breathy(at); at += 1) length += 1;
  return length <= LONGEST_BREATH_WINDOWS;
}
