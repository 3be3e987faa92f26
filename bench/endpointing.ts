import { SETTINGS } from '#shared/config/settings.ts';
import type { EndpointingEvent } from '../services/audio-in/voice/endpointing.ts';
import { Listening, type ListeningOptions } from '../services/audio-in/voice/listening.ts';
import { loadVoiceActivities } from '../services/audio-in/voice/voice-activity.ts';
import {
  audibleSpan,
  cough,
  inQuietRoom,
  PEOPLE_PACKAGES,
  people,
  RATE_HZ,
  type Sound,
  SPEECH_FOLDERS,
  soundsIn,
  speechOnset,
  spoken,
} from './sounds.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const NOISE_FOLDER = 'test/fixtures/noise';
const LEVELS_DBFS = [-3, -15, -27, -36];
const VOICES = ['en', 'en+f2', 'en+f3', 'en+m3', 'en+m7'];
const INTERRUPTIONS = ['stop', 'no', 'wait', 'hey', 'what?', 'stop it', 'be quiet', 'hang on', 'cancel', 'repeat that'];
/** Kirshenbaum phonemes: espeak-ng spells out "mhm" as letters. */
const HUMS = ['[[m:h,m:]]', '[[mm#m]]', '[[mhm]]', '[[hm:]]'];
/** Recordings of a kind, of the thousands there are. */
const MANY = 240;
const SAMPLES_PER_MS = RATE_HZ / 1000;

export const DEFAULTS: ListeningOptions = {
  threshold: Number(SETTINGS.vadThreshold.fallback),
  minSpeechSamples: Number(SETTINGS.vadMinSpeechMs.fallback) * SAMPLES_PER_MS,
  minSilenceSamples: Number(SETTINGS.vadMinSilenceMs.fallback) * SAMPLES_PER_MS,
  prerollSamples: Number(SETTINGS.vadPrerollMs.fallback) * SAMPLES_PER_MS,
  echo: 'headphones',
  assistantSpeaking: false,
  continuous: false,
};

const voices = loadVoiceActivities();

/** What the detector decides about a sound that reaches it in 10 ms periods. @param fresh whether it has heard nothing before. */
export function listen(
  samples: Int16Array,
  options = DEFAULTS,
  fresh = true,
): { events: EndpointingEvent[]; published: number } {
  if (fresh) for (const detector of Object.values(voices)) detector.reset();
  const listening = new Listening(voices, 1);
  listening.begin();
  const period = RATE_HZ / 100;
  const events: EndpointingEvent[] = [];
  const inSound = (position: number) => Math.round(listening.timeMs(position) * SAMPLES_PER_MS);
  let published = 0;
  for (let from = 0; from + period <= samples.length; from += period) {
    const outputs = listening.accept(samples.subarray(from, from + period), (from + period) / SAMPLES_PER_MS, options);
    for (const output of outputs) {
      if (output.kind === 'speech') {
        const { onset, position } = output.event;
        events.push({ ...output.event, onset: inSound(onset), position: inSound(position) });
      }
      if (output.kind === 'frame') published += output.frame.samples.length;
    }
  }
  return { events, published };
}

/**
 * Endpointing on recorded human speech, on noises, and on what is said or done while the assistant speaks. Delays are in time
 * of the sound, which is what a live microphone adds to its own latency.
 */
export async function benchEndpointing(): Promise<BenchTable> {
  const human = (await soundsIn(...SPEECH_FOLDERS)).filter(({ name }) => name !== 'Noise.wav');
  const noises = [
    ...(await soundsIn(NOISE_FOLDER)),
    ...(await soundsIn('/usr/share/sounds/alsa')).filter(({ name }) => name === 'Noise.wav'),
  ];
  const rows = LEVELS_DBFS.flatMap((level) => speechRows('recorded speech', human, level));
  rows.push(laterSpeechRow(human));
  rows.push(falseStarts('noise bursts: begun / interrupted', noises, DEFAULTS));
  const whileSpeaking = { ...DEFAULTS, assistantSpeaking: true };
  const words = await spokenAll(INTERRUPTIONS);
  rows.push(interruptions('recorded speech interrupts', human, whileSpeaking));
  rows.push(interruptions('one or two words interrupt (espeak-ng)', words, whileSpeaking));
  const coughs = [11, 23, 37, 41, 59].flatMap((seed) => [cough(seed, 1), cough(seed, 2)]);
  const hums = await spokenAll(HUMS);
  rows.push(falseStarts('noises while the assistant speaks', noises, whileSpeaking));
  rows.push(falseStarts('coughs while the assistant speaks (synthetic)', coughs, whileSpeaking));
  rows.push(falseStarts('"mhm" while the assistant speaks (espeak-ng)', hums, whileSpeaking));
  for (const what of ['sentences', 'words'] as const) {
    const many = await people(what, MANY);
    const name = `${what} of many people`;
    rows.push(...speechRows(name, many, -15), interruptions(`${name} interrupt`, many, whileSpeaking, [-15]));
  }
  return { title: 'Endpointing: Silero v5, default settings', rows };
}

async function spokenAll(texts: readonly string[]): Promise<Sound[]> {
  const sounds = await Promise.all(texts.flatMap((text) => VOICES.map((name) => spoken(text, name))));
  return sounds.filter((sound) => sound !== undefined);
}

/** As in a conversation: each recording follows on the one before after 3 s of silence. */
function laterSpeechRow(sounds: readonly Sound[]): BenchRow {
  for (const detector of Object.values(voices)) detector.reset();
  const possible = [...sounds, ...sounds].flatMap(({ samples }) => {
    const { events } = listen(inQuietRoom(samples, -15), DEFAULTS, false);
    const first = events.find(({ state }) => state === 'possible');
    return first ? [(first.position - speechOnset(samples) - RATE_HZ) / SAMPLES_PER_MS] : [];
  });
  const { n, median, p95 } = percentiles(possible.slice(sounds.length));
  return {
    what: 'recorded speech at -15 dBFS, 3 s after other speech: onset → possible',
    values: { n, 'median ms': median, 'p95 ms': p95 },
  };
}

function speechRows(what: string, sounds: readonly Sound[], level: number): BenchRow[] {
  const possible: number[] = [];
  const hurried: number[] = [];
  const started: number[] = [];
  const ended: number[] = [];
  let missedMs = 0;
  let speechMs = 0;
  let unheard = 0;
  for (const { samples } of sounds) {
    const room = inQuietRoom(samples, level);
    const [from, to] = [speechOnset(samples) + RATE_HZ, audibleSpan(samples).to + RATE_HZ];
    const { events } = listen(room);
    const at = (state: EndpointingEvent['state']) => events.find((event) => event.state === state);
    speechMs += (to - from) / SAMPLES_PER_MS;
    const first = at('started');
    if (!first) {
      unheard += 1;
      missedMs += (to - from) / SAMPLES_PER_MS;
      continue;
    }
    const whileSpeaking = listen(room, { ...DEFAULTS, assistantSpeaking: true }).events;
    hurried.push(((whileSpeaking.find(({ state }) => state === 'possible')?.position ?? 0) - from) / SAMPLES_PER_MS);
    possible.push(((at('possible')?.position ?? 0) - from) / SAMPLES_PER_MS);
    started.push((first.position - from) / SAMPLES_PER_MS);
    const last = events.findLast((event) => event.state === 'ended');
    if (last) ended.push((last.position - to) / SAMPLES_PER_MS);
    missedMs += missedOf(events, from, to) / SAMPLES_PER_MS;
  }
  if (possible.length === 0)
    return [{ what: `${what} at ${level} dBFS`, values: {}, note: `no recordings here: ${PEOPLE_PACKAGES}` }];
  const row = (delay: string, samples: number[]) => {
    const { n, median, p95 } = percentiles(samples);
    return { what: `${what} at ${level} dBFS: ${delay}`, values: { n, 'median ms': median, 'p95 ms': p95 } };
  };
  return [
    {
      ...row('onset → possible', possible),
      note: 'onset: first unbroken sound within 25 dB of the loudest, hissing consonants included',
    },
    row('onset → possible while the assistant speaks', hurried),
    row('onset → started', started),
    row('last sound → ended', ended),
    {
      what: `${what} at ${level} dBFS: not published`,
      values: { n: sounds.length, unheard, 'share %': (100 * missedMs) / speechMs },
    },
  ];
}

/** Samples of the speech from `from` to `to` that no utterance holds (pre-roll counted). */
function missedOf(events: readonly EndpointingEvent[], from: number, to: number): number {
  let covered = 0;
  let begin: number | undefined;
  for (const { state, onset, position } of events) {
    if (state === 'started') begin = Math.max(from, onset - DEFAULTS.prerollSamples);
    if (state !== 'ended' || begin === undefined) continue;
    covered += Math.max(0, Math.min(to, position) - begin);
    begin = undefined;
  }
  return to - from - covered;
}

function falseStarts(what: string, sounds: readonly Sound[], options: ListeningOptions): BenchRow {
  let trials = 0;
  let paused = 0;
  let interrupted = 0;
  for (const { samples } of sounds) {
    for (const level of LEVELS_DBFS) {
      const { events } = listen(inQuietRoom(samples, level), options);
      trials += 1;
      if (events.some(({ state }) => state === 'possible')) paused += 1;
      if (events.some(({ state }) => state === 'started')) interrupted += 1;
    }
  }
  return {
    what,
    values: { n: trials, 'paused %': (100 * paused) / trials, 'interrupted %': (100 * interrupted) / trials },
    budget: 'interrupted ≤ 10 %',
  };
}

/** Yielding is the pause at *possible*; being recognised is the first voiced window. */
function interruptions(
  what: string,
  sounds: readonly Sound[],
  options: ListeningOptions,
  levels: readonly number[] = LEVELS_DBFS.slice(0, 3),
): BenchRow {
  const yielded: number[] = [];
  let trials = 0;
  let committed = 0;
  for (const { samples } of sounds) {
    for (const level of levels) {
      const { events } = listen(inQuietRoom(samples, level), options);
      trials += 1;
      const started = events.find(({ state }) => state === 'started');
      if (!started) continue;
      committed += 1;
      const possible = events.findLast(({ state, position }) => state === 'possible' && position <= started.position);
      if (possible) yielded.push((possible.position - possible.onset) / SAMPLES_PER_MS);
    }
  }
  if (trials === 0) return { what, values: {}, note: 'no sounds here' };
  return {
    what,
    values: { n: trials, 'committed %': (100 * committed) / trials, 'p95 ms': percentiles(yielded).p95 },
    budget: '≥ 98 %, yield < 200 ms after recognised',
  };
}
