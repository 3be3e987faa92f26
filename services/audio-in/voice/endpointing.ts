import { isHum, type Timbre } from './timbre.ts';

/** When speech begins and ends, from a stream of voice probabilities. Positions are samples of the microphone's 16 kHz. */
export interface EndpointingOptions {
  /** Probability that counts as speech. */
  threshold: number;
  /** Voiced time that makes possible speech certain, in samples. */
  minSpeechSamples: number;
  /** Silence that ends an utterance, in samples. */
  minSilenceSamples: number;
  /** Whether a closed-mouth hum counts as speech: an answer when it is quiet, no interruption while the assistant speaks. */
  humIsSpeech: boolean;
  /** A sound quieter than this (dBFS) begins nothing: the assistant's own voice. */
  gateDbfs?: number | undefined;
}

/** One window of the detector: what was heard from `position` to `position + samples`. */
export interface VoiceWindow {
  position: number;
  samples: number;
  /** How many of them were not in the window before: windows may overlap. */
  newSamples: number;
  probability: number;
  /** Undefined while nobody waits for the first sign of a voice. */
  hint?: VoiceHint | undefined;
  timbre: Timbre;
}

/** What may be the first sign of a voice. */
export interface VoiceHint {
  /** What the detector gives for the same sound made louder. */
  louderProbability: number;
  /** How much louder than the room it is. */
  aboveRoomDb: number;
}

export type Endpointing = { phase: 'silent' } | Possible | (Voiced<'started'> & { startPosition: number });

interface Voiced<Phase> {
  phase: Phase;
  /** Where the first voiced window begins. */
  onset: number;
  /** Voiced time so far. */
  voicedSamples: number;
  /** Where the last voiced window ended; silence is counted from here. */
  voicedUntil: number;
}

interface Possible extends Voiced<'possible'> {
  timbres: Timbre[];
  /** How many windows reached the threshold itself. */
  certainWindows: number;
}

/** `position`: where the decision falls. `onset`: where the first voiced window began. */
export interface EndpointingEvent {
  state: 'possible' | 'started' | 'ended' | 'discarded';
  onset: number;
  position: number;
  voicedSamples: number;
  probability: number;
}

export const SILENT: Endpointing = { phase: 'silent' };

const SAMPLES_PER_MS = 16;
/**
 * Inside speech a window this much below the threshold still counts as voiced: Silero's own hysteresis. It also makes speech
 * possible: a pause of the assistant costs little, and words that begin softly are answered 20 ms earlier (median of 54
 * recordings; none of 56 noises and coughs reaches it). Never less than half the threshold: a low one must not make silence
 * voiced, or possible speech would never be withdrawn.
 */
const HYSTERESIS = 0.15;
/** A word that begins softly is certain within this; what was nearly a voice for longer before it was noise. */
const SOFT_ONSET_SAMPLES = 500 * SAMPLES_PER_MS;
/** One window above the threshold may be a click; speech that starts has more. */
const CERTAIN_WINDOWS = 2;
/** A pause inside a word is shorter than this; possible speech that is silent for longer was a cough or a horn. */
const DISCARD_AFTER_SAMPLES = 200 * SAMPLES_PER_MS;
/** What breaks into the room by this much is a voice's first sound more often than Silero believes: a hiss, a puff, a hard vowel. */
const SUDDEN_DB = 20;
/** Of the threshold, what it must give all the same. */
const SUDDEN_SHARE = 0.3;
/** What was never more than a hint is withdrawn sooner: mostly it is none. */
const DISCARD_HINT_AFTER_SAMPLES = 120 * SAMPLES_PER_MS;
/** A hum that goes on for longer than this is somebody singing, or a word that begins with one. */
const LONGEST_HUM_SAMPLES = 800 * SAMPLES_PER_MS;
/** No question is longer; a microphone next to a radio must not feed one utterance for ever. */
export const MAX_SPEECH_SAMPLES = 60_000 * SAMPLES_PER_MS;

/**
 * One step. One window near the threshold, or a hint, makes speech *possible*; it has *started* when enough of it was voiced, and
 * certainly (and it is not a hum where a hum is none), is *discarded* when it falls silent before that, and has *ended* after
 * enough silence.
 */
export function nextEndpointing(
  state: Endpointing,
  window: VoiceWindow,
  options: EndpointingOptions,
): { state: Endpointing; events: EndpointingEvent[] } {
  const end = window.position + window.samples;
  const least = Math.max(options.threshold - HYSTERESIS, options.threshold / 2);
  const voiced = window.probability >= least;
  const maybeVoiced = voiced || isHint(window, least, options);
  // Silence is counted from where the last voiced window ended; from somewhat before that where it was a hint.
  const voicedUntil = voiced ? end : end - DISCARD_AFTER_SAMPLES + DISCARD_HINT_AFTER_SAMPLES;
  const certain = window.probability >= options.threshold ? 1 : 0;
  if (state.phase === 'silent') {
    const audible = window.timbre.levelDbfs >= (options.gateDbfs ?? Number.NEGATIVE_INFINITY);
    if (!audible || !maybeVoiced) return { state, events: [] };
    const possible = { onset: window.position, voicedSamples: window.samples, voicedUntil };
    return {
      state: { phase: 'possible', ...possible, timbres: [window.timbre], certainWindows: certain },
      events: [{ ...at(possible, end, window), state: 'possible' }],
    };
  }
  const heard = voiced ? { ...state, voicedSamples: state.voicedSamples + window.newSamples, voicedUntil } : state;
  const silence = end - heard.voicedUntil;
  if (heard.phase === 'possible') {
    if (voiced) {
      // Voice counts from where it is certain: what leads up to it may be a breath.
      const sure = state.phase === 'possible' && state.certainWindows > 0;
      const timbres = sure ? [...heard.timbres, window.timbre] : [window.timbre];
      const voicedSamples = sure ? heard.voicedSamples : window.samples;
      const onset = sure ? heard.onset : Math.max(heard.onset, window.position - SOFT_ONSET_SAMPLES);
      const certainWindows = heard.certainWindows + certain;
      return start({ ...heard, onset, voicedSamples, timbres, certainWindows }, window, options);
    }
    if (maybeVoiced) return { state: { ...heard, voicedUntil: Math.max(heard.voicedUntil, voicedUntil) }, events: [] };
    if (silence < DISCARD_AFTER_SAMPLES) return { state: heard, events: [] };
    return { state: SILENT, events: [{ ...at(heard, end, window), state: 'discarded' }] };
  }
  if (silence >= options.minSilenceSamples) {
    return { state: SILENT, events: [{ ...at(heard, end, window), state: 'ended' }] };
  }
  if (end - heard.startPosition >= MAX_SPEECH_SAMPLES) return split(heard, end, window);
  return { state: heard, events: [] };
}

function isHint({ probability, hint }: VoiceWindow, least: number, { threshold }: EndpointingOptions): boolean {
  if (!hint) return false;
  const sudden = hint.aboveRoomDb >= SUDDEN_DB && probability >= threshold * SUDDEN_SHARE;
  return sudden || hint.louderProbability >= least;
}

function start(
  heard: Possible,
  window: VoiceWindow,
  options: EndpointingOptions,
): { state: Endpointing; events: EndpointingEvent[] } {
  const enough = heard.voicedSamples >= options.minSpeechSamples && heard.certainWindows >= CERTAIN_WINDOWS;
  const word = options.humIsSpeech || heard.voicedSamples >= LONGEST_HUM_SAMPLES || !isHum(heard.timbres);
  if (!enough || !word) return { state: heard, events: [] };
  const { onset, voicedSamples, voicedUntil } = heard;
  const end = window.position + window.samples;
  return {
    state: { phase: 'started', onset, voicedSamples, voicedUntil, startPosition: onset },
    events: [{ ...at(heard, end, window), state: 'started' }],
  };
}

/** The person is still speaking: the next utterance begins where this one ends, at once and for certain. */
function split(
  heard: Voiced<'started'> & { startPosition: number },
  end: number,
  window: VoiceWindow,
): { state: Endpointing; events: EndpointingEvent[] } {
  const next = { onset: end, voicedSamples: 0, voicedUntil: end };
  return {
    state: { ...next, phase: 'started', startPosition: end },
    events: [
      { ...at(heard, end, window), state: 'ended' },
      { ...at(next, end, window), state: 'possible' },
      { ...at(next, end, window), state: 'started' },
    ],
  };
}

function at(heard: { onset: number; voicedSamples: number }, position: number, { probability }: VoiceWindow) {
  return { onset: heard.onset, voicedSamples: heard.voicedSamples, position, probability };
}
