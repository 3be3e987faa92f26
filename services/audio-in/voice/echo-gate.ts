import type { Settings } from '#shared/config/settings.ts';

/** How loud the assistant's own voice is in the microphone, as far as it has been heard. */
export interface EchoGate {
  /** dBFS; undefined until a reply has been heard. */
  echoDbfs: number | undefined;
  /** How long the present reply has been heard, in samples. */
  heardSamples: number;
  /** Samples since the loudspeaker fell silent; undefined while it speaks. */
  silentSamples: number | undefined;
}

export interface EchoWindow {
  samples: number;
  levelDbfs: number;
  /** Whether the loudspeaker is speaking. */
  speaking: boolean;
  /** Whether a person is (possibly) speaking: then the microphone hears more than the echo. */
  personSpeaking: boolean;
}

export const NO_ECHO: EchoGate = { echoDbfs: undefined, heardSamples: 0, silentSamples: Number.POSITIVE_INFINITY };

const SAMPLES_PER_MS = 16;
/** Syllables come and go; the estimate holds their peaks and forgets slowly, in case the volume was turned down. */
const FORGET_DB_PER_SAMPLE = 1 / (1_000 * SAMPLES_PER_MS);
/** Until this much of the first reply has been heard nobody knows how loud it is. */
const LEARN_SAMPLES = 600 * SAMPLES_PER_MS;
/** The room, the device's buffers and the way of the news: the echo outlives `speaker/state` by this. */
const TAIL_SAMPLES = 300 * SAMPLES_PER_MS;
/**
 * How much louder than the echo a person must be. Without a canceller, speech at arm's length against a loudspeaker on the
 * shoulder is some 10 dB louder than the echo; behind a canceller only its residue has to be beaten.
 */
const MARGIN_DB = { 'half-duplex': 9, aec: 6 } as const;

/** Learns from one window. */
export function nextEchoGate(gate: EchoGate, window: EchoWindow): EchoGate {
  const { samples, levelDbfs, speaking, personSpeaking } = window;
  const silentSamples = speaking ? undefined : (gate.silentSamples ?? 0) + samples;
  if (silentSamples !== undefined) return { ...gate, heardSamples: 0, silentSamples };
  const heardSamples = gate.heardSamples + samples;
  if (personSpeaking) return { ...gate, heardSamples, silentSamples };
  const kept = (gate.echoDbfs ?? levelDbfs) - samples * FORGET_DB_PER_SAMPLE;
  return { echoDbfs: Math.max(kept, levelDbfs), heardSamples, silentSamples };
}

/**
 * The level below which a sound cannot begin an utterance now: undefined where everything may, infinite while the first
 * reply has hardly been heard. Only the beginning is gated; who has got through is heard to the end.
 */
export function gateDbfs(gate: EchoGate, echo: Settings['echo']): number | undefined {
  if (echo === 'headphones' || (gate.silentSamples ?? 0) > TAIL_SAMPLES) return undefined;
  const unknown =
    gate.echoDbfs === undefined || (gate.silentSamples === undefined && gate.heardSamples < LEARN_SAMPLES);
  if (unknown && echo === 'half-duplex') return Number.POSITIVE_INFINITY;
  return gate.echoDbfs === undefined ? undefined : gate.echoDbfs + MARGIN_DB[echo];
}
