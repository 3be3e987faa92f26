import type { Settings } from '#shared/config/settings.ts';

/** How loud the assistant's own voice is in the microphone, as far as it has been heard. */
export interface EchoGate {
  /** dBFS; undefined until a reply has been heard. */
  echoDbfs: number | undefined;
  /** How long the present reply has been heard, in samples. */
  heardSamples: number;
  /** Samples since the loudspeaker fell silent; undefined while it speaks. */
  silentSamples: number | undefined;
  /** The loudest of what is taken for a person at the moment. */
  personDbfs: number;
}

export interface EchoWindow {
  samples: number;
  levelDbfs: number;
  /** Whether the loudspeaker is speaking. */
  speaking: boolean;
  /** Whether a person is (possibly) speaking: then the microphone hears more than the echo. */
  personSpeaking: boolean;
  /** Whether what was taken for a person has just turned out to be nobody. */
  discarded: boolean;
}

export const NO_ECHO: EchoGate = {
  echoDbfs: undefined,
  heardSamples: 0,
  silentSamples: Number.POSITIVE_INFINITY,
  personDbfs: Number.NEGATIVE_INFINITY,
};

const SAMPLES_PER_MS = 16;
/** Syllables come and go; the estimate holds their peaks and forgets slowly, in case the volume was turned down. */
const FORGET_DB_PER_SAMPLE = 1 / (1_000 * SAMPLES_PER_MS);
/** A person's first syllable swells within 100 ms; an estimate that followed it would close the gate before their nose. */
const RISE_DB_PER_SAMPLE = 6 / (1_000 * SAMPLES_PER_MS);
/** Until this much of the first reply has been heard nobody knows how loud it is. */
const LEARN_SAMPLES = 600 * SAMPLES_PER_MS;
/** The room, the device's buffers and the way of the news: the echo outlives `speaker/state` by this. */
const TAIL_SAMPLES = 300 * SAMPLES_PER_MS;
/** How much louder than the echo's peaks (or, behind a canceller, than the peaks of its residue) a person must be. */
const MARGIN_DB = 6;

/** Learns from one window. */
export function nextEchoGate(gate: EchoGate, window: EchoWindow): EchoGate {
  const { samples, levelDbfs, speaking, personSpeaking } = window;
  if (window.discarded) return nextEchoGate(mistaken(gate), { ...window, discarded: false });
  const silentSamples = speaking ? undefined : (gate.silentSamples ?? 0) + samples;
  const personDbfs = personSpeaking ? Math.max(gate.personDbfs, levelDbfs) : Number.NEGATIVE_INFINITY;
  if (silentSamples !== undefined) return { ...gate, heardSamples: 0, silentSamples, personDbfs };
  const heardSamples = gate.heardSamples + samples;
  if (personSpeaking) return { ...gate, heardSamples, silentSamples, personDbfs };
  const known = gate.echoDbfs ?? levelDbfs;
  const highest = heardSamples < LEARN_SAMPLES ? levelDbfs : known + samples * RISE_DB_PER_SAMPLE;
  const echoDbfs = Math.max(known - samples * FORGET_DB_PER_SAMPLE, Math.min(levelDbfs, highest));
  return { echoDbfs, heardSamples, silentSamples, personDbfs };
}

/** It was the echo after all (the volume was turned up): without this it would pause the reply again and again. */
function mistaken(gate: EchoGate): EchoGate {
  if (gate.echoDbfs === undefined) return gate;
  return { ...gate, echoDbfs: Math.max(gate.echoDbfs, gate.personDbfs) };
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
  return gate.echoDbfs === undefined ? undefined : gate.echoDbfs + MARGIN_DB;
}
