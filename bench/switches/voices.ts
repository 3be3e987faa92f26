import { DEFAULTS, listen } from '../endpointing.ts';
import { audibleSpan, RATE_HZ, type Sound, speechOnset } from '../sounds.ts';

const SAMPLES_PER_MS = RATE_HZ / 1_000;
/** Nobody speaks for so long before and after a voice. */
const SILENCE_SAMPLES = RATE_HZ;
const SHORT_SAMPLES = 0.4 * RATE_HZ;
const [LONG_FROM, LONG_TO] = [0.8 * RATE_HZ, 1.1 * RATE_HZ];
/** A voice begins within this, or it is not said to begin with its first sample. */
const PROMPT_MS = 250;

/** Recordings used of those there are: trying a voice takes the detector a while. */
const VOICES = 8;

/** A minimum of speech that nobody in these benchmarks reaches: what is said stays *possible*. */
export const NEVER_MS = 5_000;

/** 0.4 s of each recording from the first sound of its voice on, as far as the detector finds it possible speech soon. */
export function shortVoices(sounds: readonly Sound[]): Int16Array[] {
  const voices = sounds
    .map(excerpt)
    .filter((samples) => heardOf(samples, { minSpeechMs: NEVER_MS }).possible < PROMPT_MS);
  return voices.slice(0, VOICES);
}

/** The same, so faint that the detector is half sure of them: possible speech at a threshold of 0.3, nothing at 0.95. */
export function faintVoices(sounds: readonly Sound[]): Int16Array[] {
  return shortVoices(sounds).flatMap((samples) => {
    for (let db = -10; db >= -70; db -= 2) {
      const faint = samples.map((sample) => Math.round(sample * 10 ** (db / 20)));
      const possibleAt = (threshold: number) => heardOf(faint, { threshold, minSpeechMs: NEVER_MS }).possible;
      // Well away from both thresholds: a live microphone has its windows elsewhere.
      if (possibleAt(0.85) < Number.POSITIVE_INFINITY) continue;
      return possibleAt(0.6) < PROMPT_MS ? [faint] : [];
    }
    return [];
  });
}

/**
 * About a second of each recording, from the first sound of its voice to the end of a loud syllable, as far as the detector hears one
 * utterance in it whose length and end show a minimum of speech and of silence.
 */
export function longVoices(sounds: readonly Sound[]): Int16Array[] {
  const voices = sounds.flatMap(({ samples: whole }) => {
    const onset = speechOnset(whole);
    const loudest = audibleSpan(whole.subarray(onset + LONG_FROM, onset + LONG_TO)).to;
    const samples = whole.slice(onset, onset + LONG_FROM + loudest);
    const [early, late] = [100, 600].map((minSpeechMs) => heardOf(samples, { minSpeechMs, minSilenceMs: 300 }));
    const isOne = early && late && early.events === 3 && late.events === 3;
    return isOne && early.speechMs < 300 && late.ended < 420 && late.ended > 300 ? [samples] : [];
  });
  return voices.slice(0, VOICES);
}

function excerpt({ samples }: Sound): Int16Array {
  const onset = speechOnset(samples);
  return samples.slice(onset, onset + SHORT_SAMPLES);
}

/** What the detector makes of a voice in silence: ms from its first sound to *possible*, ms of speech at *started*, ms from its last sound to *ended*. */
function heardOf(
  voice: Int16Array,
  { threshold = 0.5, minSpeechMs = 250, minSilenceMs = 500 }: Partial<Record<string, number>>,
) {
  const samples = new Int16Array(voice.length + 2 * SILENCE_SAMPLES);
  samples.set(voice, SILENCE_SAMPLES);
  const { events } = listen(samples, {
    ...DEFAULTS,
    threshold,
    minSpeechSamples: minSpeechMs * SAMPLES_PER_MS,
    minSilenceSamples: minSilenceMs * SAMPLES_PER_MS,
  });
  const of = (state: string) => events.find((event) => event.state === state);
  const msAfter = (position: number, state: string) =>
    ((of(state)?.position ?? Number.POSITIVE_INFINITY) - position) / SAMPLES_PER_MS;
  return {
    events: events.length,
    possible: msAfter(SILENCE_SAMPLES, 'possible'),
    speechMs: (of('started')?.voicedSamples ?? Number.POSITIVE_INFINITY) / SAMPLES_PER_MS,
    ended: msAfter(SILENCE_SAMPLES + voice.length, 'ended'),
  };
}
