import type { RuntimeSettings } from '#shared/contract/control.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Recording } from '../../test/integration/harness/virtual-sound-card.ts';
import { RATE_HZ } from '../sounds.ts';
import { type BenchRow, percentiles } from '../table.ts';
import { LIMIT_MS } from './at-once.ts';
import { type Heard, pause, type Scene } from './scene.ts';

/** What a trial is after is published so long before the sound; never earlier than the limit, or it would prove nothing. */
const LEAD_MS = 96;
const LEAST_LEAD_MS = 75;
/** A click ahead of each voice tells when it will be there; a look at the recording is taken every 100 ms. */
const MARK = 300;
const MARK_SEEN = 60;
const MARK_AHEAD_SAMPLES = 0.3 * RATE_HZ;

/** What came of one voice. Times are those of `performance.now()`. */
export interface Outcome {
  firstSoundMs: number;
  lastSoundMs: number;
  heard: readonly Heard[];
  /** What the loudspeaker played from the first sound until 0.2 s after the last. */
  loudspeaker: Int16Array;
}

/** A switch that is published shortly before a voice begins or ends, and shall be obeyed for that. */
export interface Claim {
  what: string;
  before: 'first sound' | 'last sound';
  switches: RuntimeSettings;
  /** Undefined: the trial says nothing about it. */
  obeyed(outcome: Outcome): boolean | undefined;
  /** A time that shows it, for the note. */
  shows?: { what: string; ms(outcome: Outcome): number | undefined };
}

export interface Round {
  claims: readonly Claim[];
  /** Until everything about this voice is over. */
  restMs: number;
}

/** By then a pause that the voice has brought about has begun, and is not over. */
const AFTERWARDS_MS = 200;

interface Tally {
  leads: number[];
  obeyed: number;
  void: number;
  shown: number[];
}

/** Plays the rounds in turn, each with the next voice, until every claim has been tried often enough. */
export async function claimRows(
  scene: Scene,
  {
    rounds,
    voices,
    replying,
    trials,
  }: { rounds: readonly Round[]; voices: readonly Int16Array[]; replying: boolean; trials: number },
): Promise<BenchRow[]> {
  const tallies = new Map<Claim, Tally>(
    rounds.flatMap(({ claims }) => claims.map((claim) => [claim, { leads: [], obeyed: 0, void: 0, shown: [] }])),
  );
  if (voices.length === 0) return [...tallies].map(([{ what }]) => ({ what, values: {}, note: 'no recordings here' }));
  await scene.recorded(async (microphone, loudspeaker) => {
    // The first of all voices finds switches that nobody has set.
    let spoken = -rounds.length;
    const wanting = () => [...tallies.values()].some(({ leads }) => leads.length < trials);
    while (wanting() && spoken < 2 * trials * rounds.length) {
      if (replying) await scene.keepReplying();
      for (const { claims, restMs } of rounds) {
        const voice = voices[(spoken + rounds.length) % voices.length] as Int16Array;
        const { publishedMs, outcome } = await speak(scene, { voice, claims, restMs, microphone, loudspeaker });
        if (spoken >= 0) for (const claim of claims) count(tallies.get(claim) as Tally, claim, publishedMs, outcome);
        spoken += 1;
      }
    }
  });
  return [...tallies].map(([claim, tally]) => rowOf(claim, tally));
}

interface Speaking {
  voice: Int16Array;
  claims: readonly Claim[];
  restMs: number;
  microphone: Recording;
  loudspeaker: Recording;
}

async function speak(scene: Scene, { voice, claims, restMs, microphone, loudspeaker }: Speaking) {
  const samples = new Int16Array(MARK_AHEAD_SAMPLES + voice.length);
  samples[0] = MARK;
  samples.set(voice, MARK_AHEAD_SAMPLES);
  const before = microphone.length;
  const speaking = scene.card.speak(samples, RATE_HZ);
  const began = await microphone.until((recorded) => {
    const at = recorded.findIndex((sample) => Math.abs(sample) >= MARK_SEEN);
    return at < 0 ? undefined : before + at + MARK_AHEAD_SAMPLES;
  }, before);
  const soundMs = (which: Claim['before']) => microphone.timeMs(which === 'first sound' ? began : began + voice.length);
  const publishedMs = new Map<Claim, number>();
  for (const claim of claims) {
    await pause(soundMs(claim.before) - LEAD_MS - performance.now());
    publishedMs.set(claim, performance.now());
    scene.set(claim.switches);
  }
  await speaking;
  await pause(soundMs('last sound') + restMs - performance.now());
  const [firstSoundMs, lastSoundMs] = [soundMs('first sound'), soundMs('last sound')];
  const index = (ms: number) =>
    loudspeaker.length - Math.round(((loudspeaker.timeMs(loudspeaker.length) - ms) * REPLY_RATE_HZ) / 1_000);
  const from = index(firstSoundMs);
  const outcome: Outcome = {
    firstSoundMs,
    lastSoundMs,
    heard: scene.heard.filter(({ atMs }) => atMs > firstSoundMs && atMs < lastSoundMs + restMs),
    loudspeaker: loudspeaker.samples(from).subarray(0, index(lastSoundMs + AFTERWARDS_MS) - from),
  };
  return { publishedMs, outcome };
}

function count(tally: Tally, claim: Claim, published: ReadonlyMap<Claim, number>, outcome: Outcome): void {
  const soundMs = claim.before === 'first sound' ? outcome.firstSoundMs : outcome.lastSoundMs;
  const leadMs = soundMs - (published.get(claim) ?? Number.NaN);
  const obeyed = claim.obeyed(outcome);
  if (obeyed === undefined || leadMs > LIMIT_MS || leadMs < LEAST_LEAD_MS) {
    tally.void += 1;
    return;
  }
  tally.leads.push(leadMs);
  if (obeyed) tally.obeyed += 1;
  const shown = claim.shows?.ms(outcome);
  if (shown !== undefined) tally.shown.push(shown);
}

function rowOf({ what, before, shows }: Claim, tally: Tally): BenchRow {
  const voids = tally.void > 0 ? `${tally.void} more did not count` : '';
  if (tally.leads.length === 0) return { what, values: {}, note: voids };
  const { n, median, p95, p99 } = percentiles(tally.leads);
  const shown = shows && tally.shown.length > 0 ? percentiles(tally.shown) : undefined;
  const proof = shown ? `${shows?.what}: median ${Math.round(shown.median)}, p95 ${Math.round(shown.p95)}` : '';
  return {
    what: `${what}, before the ${before}`,
    values: { n, obeyed: `${tally.obeyed} of ${n}`, median, p95, p99, most: Math.max(...tally.leads) },
    budget: 'all obeyed',
    note: [proof, voids].filter((text) => text !== '').join('; '),
  };
}
