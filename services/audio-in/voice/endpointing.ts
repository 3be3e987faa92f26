/** When speech begins and ends, from a stream of voice probabilities. Positions are samples of the microphone's 16 kHz. */
export interface EndpointingOptions {
  /** Probability that counts as speech. */
  threshold: number;
  /** Voiced time that makes possible speech certain, in samples. */
  minSpeechSamples: number;
  /** Silence that ends an utterance, in samples. */
  minSilenceSamples: number;
}

/** One window of the detector: what was heard from `position` to `position + samples`. */
export interface VoiceWindow {
  position: number;
  samples: number;
  probability: number;
}

export type Endpointing =
  | { phase: 'silent'; onset?: number }
  | Voiced<'possible'>
  | (Voiced<'started'> & { startPosition: number });

interface Voiced<Phase> {
  phase: Phase;
  /** Where the first voiced window begins. */
  onset: number;
  /** Voiced time so far. */
  voicedSamples: number;
  /** Where the last voiced window ended; silence is counted from here. */
  voicedUntil: number;
}

/** `position`: where the decision falls. `onset`: where the first voiced window began. */
export interface EndpointingEvent {
  state: 'possible' | 'started' | 'ended' | 'discarded';
  onset: number;
  position: number;
  voicedSamples: number;
  probability: number;
  /** The utterance was cut because it became too long; the next begins at `position`. */
  split?: boolean;
}

export const SILENT: Endpointing = { phase: 'silent' };

const SAMPLES_PER_MS = 16;
/** Inside speech a window this much below the threshold still counts as voiced: Silero's own hysteresis. */
const HYSTERESIS = 0.15;
/** A pause inside a word is shorter than this; possible speech that is silent for longer was a cough or a horn. */
const DISCARD_AFTER_SAMPLES = 200 * SAMPLES_PER_MS;
/** No question is longer; a microphone next to a radio must not feed one utterance for ever. */
export const MAX_SPEECH_SAMPLES = 60_000 * SAMPLES_PER_MS;

/**
 * One step. Two windows in a row above the threshold make speech *possible*; it has *started* when enough of it was
 * voiced, is *discarded* when it falls silent before that, and has *ended* after enough silence.
 */
export function nextEndpointing(
  state: Endpointing,
  window: VoiceWindow,
  options: EndpointingOptions,
): { state: Endpointing; events: EndpointingEvent[] } {
  const voiced = window.probability >= options.threshold - (state.phase === 'silent' ? 0 : HYSTERESIS);
  const end = window.position + window.samples;
  if (state.phase === 'silent') {
    if (!voiced) return { state: SILENT, events: [] };
    if (state.onset === undefined) return { state: { phase: 'silent', onset: window.position }, events: [] };
    const possible = { onset: state.onset, voicedSamples: end - state.onset, voicedUntil: end };
    const event = { ...at(possible, end, window), state: 'possible' } as const;
    return start({ phase: 'possible', ...possible }, window, options, [event]);
  }
  const heard = voiced ? { ...state, voicedSamples: state.voicedSamples + window.samples, voicedUntil: end } : state;
  const silence = end - heard.voicedUntil;
  if (heard.phase === 'possible') {
    if (voiced) return start(heard, window, options, []);
    if (silence < DISCARD_AFTER_SAMPLES) return { state: heard, events: [] };
    return { state: SILENT, events: [{ ...at(heard, end, window), state: 'discarded' }] };
  }
  if (silence >= options.minSilenceSamples) {
    return { state: SILENT, events: [{ ...at(heard, end, window), state: 'ended' }] };
  }
  if (end - heard.startPosition >= MAX_SPEECH_SAMPLES) return split(heard, end, window);
  return { state: heard, events: [] };
}

function start(
  heard: Voiced<'possible'>,
  window: VoiceWindow,
  options: EndpointingOptions,
  events: EndpointingEvent[],
): { state: Endpointing; events: EndpointingEvent[] } {
  if (heard.voicedSamples < options.minSpeechSamples) return { state: heard, events };
  const end = window.position + window.samples;
  return {
    state: { ...heard, phase: 'started', startPosition: heard.onset },
    events: [...events, { ...at(heard, end, window), state: 'started' }],
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
      { ...at(heard, end, window), state: 'ended', split: true },
      { ...at(next, end, window), state: 'possible' },
      { ...at(next, end, window), state: 'started' },
    ],
  };
}

function at(heard: { onset: number; voicedSamples: number }, position: number, { probability }: VoiceWindow) {
  return { onset: heard.onset, voicedSamples: heard.voicedSamples, position, probability };
}
