import { speech } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import { playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { startTestStack } from '../test/integration/harness/test-stack.ts';
import type { VirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { speakTone } from './loudspeaker.ts';
import { PEOPLE_PACKAGES, RATE_HZ, type Sound, speechOnset } from './sounds.ts';
import { type BenchRow, percentiles } from './table.ts';

/** What is spoken of each recording. */
const EXCERPT_SAMPLES = 0.4 * RATE_HZ;
/** The breath before it: cut off at its onset, a word sounds like a click, which takes longer to be known for a voice. */
const LEAD_SAMPLES = 0.3 * RATE_HZ;
/** What a microphone's hiss stays below. */
const AUDIBLE = 3;
const TRIALS_A_REPLY = 10;
const QUIET = 200;
/** Silence of this length is an answer; the tone itself never has so much. */
const SILENCE_SAMPLES = REPLY_RATE_HZ / 50;
const LONGEST_MS = 700;

/**
 * Recorded people talk into the microphone while a reply sounds: from their first sound at the microphone's monitor to silence
 * at the loudspeaker's, both recorded. Nothing is committed (the minimum of speech is out of reach), so that one reply serves
 * many trials: it pauses, goes on, and pauses again.
 */
export async function acousticRows(
  card: VirtualSoundCard,
  { whose, voices, trials }: { whose: string; voices: readonly Sound[]; trials: number },
): Promise<BenchRow[]> {
  const excerpts = voices.map(excerptOf);
  const what = `${whose}: first sound → silence`;
  if (excerpts.length === 0) return [{ what, values: {}, note: `no recordings here: ${PEOPLE_PACKAGES}` }];

  const stack = await startTestStack(card.env);
  try {
    const publisher = await startPcmPublisher(
      stack.connect('thinker'),
      { pcm: replyPcm, resend: replyResend },
      60 * REPLY_RATE_HZ,
    );
    const playbacks = await stack.watch(playback);
    await stack.start('speaker');
    const audioIn = await stack.start('audio-in', {
      CORTEX_AUDIO_INPUT: process.env['CORTEX_BENCH_INPUT'] ?? 'auto',
      VAD_MIN_SPEECH_MS: '5000',
    });
    await audioIn.logged(({ msg }) => msg === 'microphone open');
    const [microphone, loudspeaker] = [await card.record('mic', RATE_HZ), await card.record('speaker', REPLY_RATE_HZ)];
    // The clocks of both recordings settle.
    await pause(2_000);
    const noticed: number[] = [];
    await stack.bus.subscribe(speech, ({ payload }) => {
      if (payload.state === 'possible') noticed.push(performance.now());
    });
    let turn = Math.floor(Date.now() / 1_000);
    const spoken: Excerpt[] = [];
    while (spoken.length < trials) {
      turn += 1;
      speakTone(publisher, turn, 4 * TRIALS_A_REPLY);
      await playbacks.next(({ turn: of, state }) => of === turn && state === 'started');
      for (let trial = 0; trial < TRIALS_A_REPLY && spoken.length < trials; trial += 1) {
        // More silence than there is inside any excerpt.
        await pause(500 + 300 * Math.random());
        const excerpt = excerpts[spoken.length % excerpts.length] as Excerpt;
        spoken.push(excerpt);
        await card.speak(excerpt.samples, RATE_HZ);
      }
      await pause(700);
      stack.bus.publish(interrupt, { id: `bench-${turn}`, source: 'operator', at: Date.now() });
      await playbacks.next(({ turn: of, state }) => of === turn && state === 'interrupted');
    }
    const onsets = onsetsIn(await microphone.stop()).map((index) => microphone.timeMs(index));
    const silences = silencesIn(await loudspeaker.stop()).map((index) => loudspeaker.timeMs(index));
    return [
      rowOf(`${whose}: first sound → possible speech on the bus`, onsets, noticed, spoken),
      { ...rowOf(what, onsets, silences, spoken), budget: 'p95 < 120' },
    ];
  } finally {
    await stack.close();
  }
}

interface Excerpt {
  name: string;
  samples: Int16Array;
  /** From its first sample to the first sound of the voice. */
  leadMs: number;
}

function excerptOf({ name, samples }: Sound): Excerpt {
  const onset = speechOnset(samples);
  const lead = samples.subarray(Math.max(0, onset - LEAD_SAMPLES), onset);
  const audible = lead.findIndex((sample) => Math.abs(sample) > AUDIBLE);
  const from = audible < 0 ? onset : onset - lead.length + audible;
  return { name, samples: samples.subarray(from, onset + EXCERPT_SAMPLES), leadMs: ((onset - from) * 1_000) / RATE_HZ };
}

function rowOf(what: string, onsets: number[], answers: number[], spoken: readonly Excerpt[]): BenchRow {
  const byName = new Map<string, number[]>();
  const times: number[] = [];
  if (onsets.length !== spoken.length) throw new Error(`${spoken.length} were spoken, ${onsets.length} recorded`);
  for (const [trial, { name, leadMs }] of spoken.entries()) {
    const onset = (onsets[trial] ?? Number.NaN) + leadMs;
    // The breath before the first sound may have been noticed already.
    const answer = answers.find((at) => at > onset - leadMs && at < onset + LONGEST_MS);
    if (answer === undefined) continue;
    const time = Math.max(0, answer - onset);
    times.push(time);
    byName.set(name, [...(byName.get(name) ?? []), time]);
  }
  const slowest = [...byName].map(([name, all]) => ({ name, median: percentiles(all).median }));
  slowest.sort((one, other) => other.median - one.median);
  const { n, median, p95, p99 } = percentiles(times);
  return {
    what,
    values: { n, median, p95, p99, missed: spoken.length - n },
    note: `slowest: ${slowest
      .slice(0, 8)
      .map(({ name, median: ms }) => `${name} ${Math.round(ms)}`)
      .join(', ')}`,
  };
}

/** Where sound begins after silence, in samples. */
function onsetsIn(samples: Int16Array): number[] {
  const onsets: number[] = [];
  let silence = 0;
  for (const [index, sample] of samples.entries()) {
    const quiet = Math.abs(sample) < AUDIBLE;
    if (!quiet && silence > RATE_HZ / 3) onsets.push(index);
    silence = quiet ? silence + 1 : 0;
  }
  return onsets;
}

/** Where silences begin that are long enough to be one. */
function silencesIn(samples: Int16Array): number[] {
  const silences: number[] = [];
  let quiet = 0;
  for (const [index, sample] of samples.entries()) {
    quiet = Math.abs(sample) > QUIET ? 0 : quiet + 1;
    if (quiet === SILENCE_SAMPLES) silences.push(index - SILENCE_SAMPLES + 1);
  }
  return silences;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
