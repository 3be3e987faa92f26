import type { Settings } from '#shared/config/settings.ts';

/** How loud the assistant's own voice is in the microphone, as far as it has been heard. */
export interface EchoGate {
  /** dBFS; undefined until a reply has been heard. */
  echoDbfs: number | undefined;
  /** How long replies have been listened to, all in all or since the last mistake, in samples. */
  heardSamples: number;
  /** How much of that was louder than the room without the assistant. */
  audibleSamples: number;
  /** The room while nobody speaks, dBFS: the quietest of late. */
  roomDbfs: number;
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
  audibleSamples: 0,
  roomDbfs: 0,
  silentSamples: Number.POSITIVE_INFINITY,
  personDbfs: Number.NEGATIVE_INFINITY,
};

const SAMPLES_PER_MS = 16;
/** Syllables come and go; the estimate holds their peaks and forgets slowly, in case the volume was turned down. */
const FORGET_DB_PER_SAMPLE = 1 / (1_000 * SAMPLES_PER_MS);
/** A person's first syllable swells within 100 ms; an estimate that followed it would close the gate before their nose. */
const RISE_DB_PER_SAMPLE = 6 / (1_000 * SAMPLES_PER_MS);
/** Until this much of the first reply has been heard nobody knows how loud it is, and no canceller has adapted to the room. */
const LEARN_SAMPLES = 600 * SAMPLES_PER_MS;
/** As much of that must have been echo: it arrives later than the news of the reply, by up to half a second on Bluetooth. */
const LEARN_AUDIBLE_SAMPLES = 300 * SAMPLES_PER_MS;
/** What has not been heard by now is not going to be: headphones, or a canceller that leaves nothing. */
const INAUDIBLE_AFTER_SAMPLES = 2_000 * SAMPLES_PER_MS;
/** From here on the estimate can be trusted. */
const SETTLED_AFTER_SAMPLES = 3_000 * SAMPLES_PER_MS;
const AUDIBLE_DB = 6;
/** How fast the room may become louder for good. */
const ROOM_RISE_DB_PER_SAMPLE = 2 / (1_000 * SAMPLES_PER_MS);
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
  if (silentSamples !== undefined) {
    const roomDbfs =
      silentSamples > TAIL_SAMPLES && !personSpeaking
        ? Math.min(levelDbfs, gate.roomDbfs + samples * ROOM_RISE_DB_PER_SAMPLE)
        : gate.roomDbfs;
    return { ...gate, roomDbfs, silentSamples, personDbfs };
  }
  if (personSpeaking) return { ...gate, silentSamples, personDbfs };
  const heardSamples = gate.heardSamples + samples;
  const audibleSamples = gate.audibleSamples + (levelDbfs >= gate.roomDbfs + AUDIBLE_DB ? samples : 0);
  const known = gate.echoDbfs ?? levelDbfs;
  const highest = isLearning(gate) ? levelDbfs : known + samples * RISE_DB_PER_SAMPLE;
  const echoDbfs = Math.max(known - samples * FORGET_DB_PER_SAMPLE, Math.min(levelDbfs, highest));
  return { ...gate, echoDbfs, heardSamples, audibleSamples, silentSamples, personDbfs };
}

function isLearning({ heardSamples, audibleSamples }: EchoGate): boolean {
  if (heardSamples < LEARN_SAMPLES) return true;
  return audibleSamples < LEARN_AUDIBLE_SAMPLES && heardSamples < INAUDIBLE_AFTER_SAMPLES;
}

/**
 * Whether what gets through the gate can be trusted to be a person. Before that it may be a canceller that has not adapted
 * yet, and must outlast the time the loudspeaker needs to fall silent.
 */
export function isSettled(gate: EchoGate): boolean {
  return gate.heardSamples >= SETTLED_AFTER_SAMPLES;
}

/** It was the echo after all (the volume was turned up): without this it would pause the reply again and again. */
function mistaken(gate: EchoGate): EchoGate {
  if (gate.echoDbfs === undefined) return gate;
  // The level is known now; whether it can be relied on has to be found out again.
  return { ...gate, heardSamples: INAUDIBLE_AFTER_SAMPLES, echoDbfs: Math.max(gate.echoDbfs, gate.personDbfs) };
}

/**
 * The level below which a sound cannot begin an utterance now: undefined where everything may, infinite while the first
 * reply has hardly been heard. Only the beginning is gated; who has got through is heard to the end.
 */
export function gateDbfs(gate: EchoGate, echo: Settings['echo'], speaking = false): number | undefined {
  // The gate itself hears of a reply with the next window; its first one must not slip through.
  const silent = !speaking && (gate.silentSamples ?? 0) > TAIL_SAMPLES;
  if (echo === 'headphones' || silent) return undefined;
  if (isLearning(gate) || gate.echoDbfs === undefined) return Number.POSITIVE_INFINITY;
  return gate.echoDbfs + MARGIN_DB;
}
