import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createResampler } from '#shared/audio/resampler.ts';
import { readWav } from '#shared/audio/wav.ts';

/** A named sound at 16 kHz. */
export interface Sound {
  name: string;
  samples: Int16Array;
}

export const RATE_HZ = 16_000;
/** Recorded human speech of the Debian packages pocketsphinx-testdata and alsa-utils. */
export const SPEECH_FOLDERS = [
  '/usr/share/pocketsphinx/test/data/cards',
  '/usr/share/pocketsphinx/test/data/librivox',
  '/usr/share/sounds/alsa',
];
/** People of twenty countries who name things, of the package ktuberling-data; a folder with an @ repeats another one. */
const WORDS = { folder: '/usr/share/ktuberling/sounds', within: /^[^@]*$/ };
/** Actors who speak whole sentences, of the packages fillets-ng-data-nl and -cs. */
const SENTENCES = { folder: '/usr/share/games/fillets-ng/sound', within: /\/(nl|cs)\// };
const FULL_SCALE = 32_768;

/** A WAV file's bytes at 16 kHz. */
export async function soundOf(name: string, wav: Uint8Array): Promise<Sound> {
  const { sampleRateHz, samples } = readWav(wav);
  const resampler = await createResampler(sampleRateHz, RATE_HZ);
  // The filter still holds the last milliseconds when the samples end.
  const padded = new Int16Array(samples.length + sampleRateHz / 10);
  padded.set(samples);
  return { name, samples: resampler.process(padded) };
}

/** Every WAV file of the folders that exist; Debian's packages are not everywhere. */
export function soundsIn(...folders: string[]): Promise<Sound[]> {
  const files = folders.flatMap((folder) => {
    try {
      return readdirSync(folder).map((file) => `${folder}/${file}`);
    } catch {
      return [];
    }
  });
  const wavs = files.filter((file) => file.endsWith('.wav'));
  return Promise.all(wavs.map((file) => soundOf(file.split('/').at(-1) ?? file, readFileSync(file))));
}

/** What `people` needs. */
export const PEOPLE_PACKAGES = 'apt-get install ktuberling-data fillets-ng-data-nl fillets-ng-data-cs ffmpeg';

/**
 * Recordings of many people, which are large and so not installed by `npm test`: every n-th, so that there are at most `most`;
 * none where the package or ffmpeg is missing.
 */
export async function people(what: 'words' | 'sentences', most: number): Promise<Sound[]> {
  const { folder, within } = what === 'words' ? WORDS : SENTENCES;
  const files = filesBelow(folder).filter((file) => file.endsWith('.ogg') && within.test(file));
  const every = Math.max(1, Math.floor(files.length / most));
  const chosen = files.sort().filter((_file, index) => index % every === 0);
  const sounds = chosen.slice(0, most).map((file) => {
    const args = ['-v', 'error', '-nostdin', '-t', '5', '-i', `${folder}/${file}`, '-ac', '1', '-f', 'wav', '-'];
    const { status, stdout } = spawnSync('ffmpeg', args);
    return status === 0 ? soundOf(file, stdout) : undefined;
  });
  const heard = (await Promise.all(sounds)).filter((sound) => sound !== undefined);
  return heard.filter(({ samples }) => samples.some((sample) => Math.abs(sample) > 300));
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

/** Words (or, in double brackets, phonemes) spoken by espeak-ng; undefined where it is not installed. */
export async function spoken(text: string, voice: string): Promise<Sound | undefined> {
  const { status, stdout } = spawnSync('espeak-ng', ['-v', voice, '--stdout', text]);
  return status === 0 ? soundOf(`${text} (${voice})`, stdout) : undefined;
}

/** Noise whose randomness is the same on every run (a linear congruential generator, Numerical Recipes' constants). */
export function whiteNoise(length: number, seed: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/**
 * A made-up cough: one or two bursts of breath noise, sharp attack, decaying within a quarter of a second. Not a recording;
 * it has the envelope and the breadth of one.
 */
export function cough(seed: number, bursts: number): Sound {
  const length = Math.round(0.28 * RATE_HZ);
  const samples = new Int16Array(length * bursts);
  for (let burst = 0; burst < bursts; burst += 1) {
    const noise = whiteNoise(length, seed + burst * 977);
    let low = 0;
    for (let i = 0; i < length; i += 1) {
      low += 0.45 * ((noise[i] ?? 0) - low);
      const envelope = Math.min(1, i / 80) * Math.exp(-i / (0.06 * RATE_HZ));
      samples[burst * length + i] = Math.round(20_000 * low * envelope);
    }
  }
  return { name: `cough ${seed}×${bursts}`, samples };
}

/** The sound with its loudest sample at `peakDbfs`, in a quiet room: 1 s before it, 2 s after it, hiss at −70 dBFS. */
export function inQuietRoom(samples: Int16Array, peakDbfs: number): Int16Array {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  const gain = (FULL_SCALE * 10 ** (peakDbfs / 20)) / loudest;
  const hiss = whiteNoise(samples.length + 3 * RATE_HZ, 7);
  return Int16Array.from(hiss, (noise, index) => {
    const sample = (samples[index - RATE_HZ] ?? 0) * gain + noise * 18;
    return Math.max(-32_768, Math.min(32_767, Math.round(sample)));
  });
}

/** Where the sound is heard: first and last 10 ms within 25 dB of its loudest 10 ms, in samples. */
export function audibleSpan(samples: Int16Array): { from: number; to: number } {
  const frame = RATE_HZ / 100;
  const energies = Array.from({ length: Math.floor(samples.length / frame) }, (_unused, index) =>
    samples.subarray(index * frame, (index + 1) * frame).reduce((sum, sample) => sum + sample * sample, 0),
  );
  const audible = Math.max(...energies) * 10 ** -2.5;
  return {
    from: energies.findIndex((energy) => energy >= audible) * frame,
    to: (energies.findLastIndex((energy) => energy >= audible) + 1) * frame,
  };
}

/**
 * Where a person begins to speak: the beginning of the unbroken sound that leads to the first loud syllable. A click of the
 * lips or a breath with silence after it is left out.
 */
export function speechOnset(samples: Int16Array): number {
  const frame = RATE_HZ / 100;
  const energies = Array.from({ length: Math.floor(samples.length / frame) }, (_unused, index) =>
    samples.subarray(index * frame, (index + 1) * frame).reduce((sum, sample) => sum + sample * sample, 0),
  );
  const loudest = Math.max(...energies);
  const syllable = energies.findIndex((energy) => energy >= loudest * 10 ** -1.2);
  const before = energies.slice(0, syllable);
  return (before.findLastIndex((energy) => energy < loudest * 10 ** -2.5) + 1) * frame;
}
