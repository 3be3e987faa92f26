import { writeFileSync } from 'node:fs';
import type { IndexRange } from '#shared/audio/coded-signal.ts';
import { type Speech, speech } from '#shared/contract/audio-in.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { metrics } from '#shared/contract/service.ts';
import { type Playback, playback } from '#shared/contract/speaker.ts';
import { ask, replyPcm, type Turn, turn } from '#shared/contract/thinker.ts';
import { MICROPHONE_RATE_HZ, REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { TurnRule } from '../../simulator/scenario/scenario.ts';
import type { Pm2Stack } from '../../test/integration/harness/pm2-stack.ts';
import { Stalls } from '../../test/integration/harness/stalls.ts';
import type { VirtualSoundCard } from '../../test/integration/harness/virtual-sound-card.ts';
import { Watched } from '../../test/integration/harness/watched.ts';
import { longestSilence, total } from './align.ts';
import { type Disturbance, type Disturbed, disturberOf } from './disturbance.ts';
import {
  alteredIn,
  heardAt,
  isFaded,
  judgeQuestion,
  judgeReplies,
  MAX_REPLIES,
  notePublished,
  type PublishedReply,
  REPLY_STRIDE,
} from './findings.ts';
import { heardByGemini, loadScenario, longSpeech } from './signals.ts';

/** What a stretch of speech in both directions showed, with some disturbances in it. */
export interface Segment {
  disturbed: Disturbed[];
  reply: { lost: number; doubled: number };
  speech: { lost: number; doubled: number };
  longestSilenceMs: number;
  /** When it began. */
  longestSilenceWhen: string;
  /** The longest standstill of the machine beside it, above 50 ms: no sound card bridges more. */
  stoodStillMs: number;
  /** How often the sound card ran dry: it then plays silence, and no sample is lost by that. */
  underruns: number;
  /** Turns that were asked again, each of which says so. */
  askedAgain: number;
  /** What had been published of them and was not heard: it is answered again. */
  askedAgainSamples: number;
  /** What was heard of them in the ramp to silence before the rest was missing. */
  askedAgainFaded: number;
  /** Where something went wrong, and after which disturbance. */
  wrong: string[];
}

/** Shorter than the 30 s that audio-in can send again. */
const SEGMENT_SECONDS = 28;
/** The answers to what is spoken meanwhile, and to what is asked again: one for each time audio-in was killed, one after the other. */
const ANSWER_SECONDS = 2;
/** Between two disturbances: a service must be well again before it is hurt again. */
const BETWEEN_MS = { least: 1_200, spread: 1_800 };
/** From the end of the speech to the last word of the answer. */
const ANSWERED_WITHIN_MS = 45_000;
const LOOK_EVERY_MS = 50;
/** While an answer plays, it is reported five times a second. */
const SILENT_MS = 2_000;
/** What the recorder is behind the loudspeaker on a busy machine: the last 5 ms of an answer were missing without it. */
const RECORDER_MS = 500;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Somebody speaks while a reply plays, and services are disturbed at random moments, until the speech is over. Where anything
 * went wrong the recording is kept beside the journal, and what was reported on the bus.
 */
export async function runSegment(
  stack: Pm2Stack,
  card: VirtualSoundCard,
  services: readonly ServiceName[],
  disturbance: Disturbance,
): Promise<Segment> {
  await loadScenario(stack, { lifetime: 'unlimited', turns: codedReplies() });
  const sinceMs = Date.now();
  const bus = stack.connect();
  const turns = await Watched.on(bus, turn);
  const speeches = await Watched.on(bus, speech);
  const playbacks = await Watched.on(bus, playback);
  const underruns = await Watched.on(bus, atTopic(metrics, { service: 'speaker' }));
  const replies = new Map<number, PublishedReply>();
  await bus.subscribe(replyPcm, ({ payload }) => notePublished(replies, payload));
  const stalls = new Stalls();
  const disturb = await disturberOf(stack, bus, services, disturbance);
  const source = await longSpeech(SEGMENT_SECONDS - 3);
  const recording = await card.record('speaker', REPLY_RATE_HZ);
  const recordedFromMs = performance.now();
  try {
    bus.publish(ask, { id: `segment-${sinceMs}`, text: 'Say the coded signal.' });
    await soon(
      playbacks.next(({ state }) => state === 'started'),
      'the reply did not begin',
    );
    const spokenFromMs = performance.now();
    let speaking = true;
    const spoken = card.speak(source, MICROPHONE_RATE_HZ).finally(() => {
      speaking = false;
    });
    await soon(
      speeches.next(({ state }) => state === 'started'),
      'the speech was not heard',
    );
    const disturbed: Disturbed[] = [];
    while (speaking) {
      await Promise.race([spoken, pause(Math.random() * BETWEEN_MS.spread)]);
      if (!speaking) break;
      disturbed.push(await disturb());
      await Promise.race([spoken, pause(BETWEEN_MS.least)]);
    }
    await spoken;
    const complaint = await answered({ turns, speeches, playbacks });
    await silence(playbacks);
    await pause(RECORDER_MS);
    const samples = await recording.stop();
    const again = new Set(
      turns.seen.filter(({ payload }) => payload.error?.kind === 'restarted').map(({ payload }) => payload.turn),
    );
    // What is kept of an earlier segment may be shown again, too.
    const ours = [...replies.values()].filter(({ turn: number }) =>
      turns.seen.some(({ payload }) => payload.turn === number),
    );
    const unheard = judgeReplies(
      samples,
      ours.filter(({ turn: number }) => again.has(number)),
    );
    const reply = judgeReplies(
      samples,
      ours.filter(({ turn: number }) => !again.has(number)),
    );
    reply.doubled.push(...unheard.doubled);
    const question = judgeQuestion(source, await heardByGemini(stack, sinceMs));
    const after = (atMs: number) => {
      const last = disturbed.findLast((one) => one.atMs <= atMs);
      return last
        ? `${Math.round(atMs - last.atMs)} ms after disturbance ${disturbed.indexOf(last) + 1}`
        : 'before any';
    };
    const wrong = [
      ...described('reply', reply, (range) => {
        const before = heardAt(samples, range.from - 2);
        if (before < 0) return 'nothing before it heard';
        const when = after(recordedFromMs + (before * 1000) / REPLY_RATE_HZ);
        return `${when}, ${alteredIn(samples, range)} altered samples in its place`;
      }),
      ...described('speech', question, ({ from }) => after(spokenFromMs + (from * 1000) / MICROPHONE_RATE_HZ)),
      ...(complaint ? [complaint] : []),
      ...complaintsOf(turns.seen.map(({ payload }) => payload)),
    ];
    const heard = spanOf(samples, ours);
    const longest = longestSilence(samples.subarray(heard.from, heard.to));
    if (wrong.length > 0) {
      writeFileSync(`bench/results/wrong-${sinceMs}.s16`, samples);
      const said = [...turns.seen, ...speeches.seen, ...playbacks.seen].map(({ payload }) => payload);
      writeFileSync(
        `bench/results/wrong-${sinceMs}.json`,
        JSON.stringify(said.sort((one, other) => one.at - other.at)),
      );
    }
    return {
      disturbed,
      reply: { lost: total(reply.lost), doubled: total(reply.doubled) },
      speech: { lost: total(question.lost), doubled: total(question.doubled) },
      longestSilenceMs: (longest.samples * 1000) / REPLY_RATE_HZ,
      stoodStillMs: stalls.longestMs,
      longestSilenceWhen: after(recordedFromMs + ((heard.from + longest.from) * 1000) / REPLY_RATE_HZ),
      underruns: risen(underruns.seen.map(({ payload }) => payload.counters['outputUnderruns'] ?? 0)),
      askedAgain: again.size,
      askedAgainSamples: total(unheard.lost.filter((range) => !isFaded(samples, range))),
      askedAgainFaded: total(unheard.lost.filter((range) => isFaded(samples, range))),
      wrong,
    };
  } finally {
    await stalls.stop();
    await recording.stop();
    await bus.close();
  }
}

/** What has been seen on the bus. */
interface Heard {
  turns: Watched<Turn>;
  speeches: Watched<Speech>;
  playbacks: Watched<Playback>;
}

/** The first reply lasts as long as the speech; what is asked meanwhile or again is answered shortly. */
function codedReplies(): TurnRule[] {
  return Array.from({ length: MAX_REPLIES }, (_none, reply) => ({
    overallTurn: reply + 1,
    reply: {
      kind: 'coded',
      seconds: reply === 0 ? SEGMENT_SECONDS : ANSWER_SECONDS,
      firstIndex: reply * REPLY_STRIDE,
    },
  }));
}

/** Resolves when the last thing said has been answered and the answer has been heard; with a complaint when it never is. */
async function answered({ turns, speeches, playbacks }: Heard): Promise<string | undefined> {
  const startMs = performance.now();
  while (performance.now() - startMs < ANSWERED_WITHIN_MS) {
    const last = speeches.seen.findLast(({ payload }) => payload.state !== 'possible' && payload.state !== 'discarded');
    const question = last && turns.seen.findLast(({ payload }) => payload.utterance === last.payload.utterance);
    const number = question?.payload.turn;
    if (playbacks.seen.some(({ payload }) => payload.turn === number && payload.state === 'finished')) return undefined;
    await pause(LOOK_EVERY_MS);
  }
  return 'the question was never answered';
}

/** Resolves when no answer has been playing for a while: one that was asked again is played behind the others. */
async function silence(playbacks: Watched<Playback>): Promise<void> {
  let reports: number;
  do {
    reports = playbacks.seen.length;
    await pause(SILENT_MS);
  } while (playbacks.seen.length > reports);
}

/** Turns that never ended, and what was asked more than once though the turn before had not failed. */
function complaintsOf(reports: readonly Turn[]): string[] {
  const newest = new Map(reports.map((report) => [report.turn, report]));
  const complaints: string[] = [];
  const turnsOf = new Map<number | undefined, number[]>();
  for (const { turn: number, utterance, state } of newest.values()) {
    if (!['done', 'interrupted', 'failed'].includes(state)) complaints.push(`turn ${number} is still ${state}`);
    if (state !== 'failed') turnsOf.set(utterance, [...(turnsOf.get(utterance) ?? []), number]);
  }
  for (const [utterance, numbers] of turnsOf) {
    const question = utterance === undefined ? 'the written question' : `utterance ${utterance}`;
    if (numbers.length > 1) complaints.push(`${question} was asked in turns ${numbers.join(', ')}`);
  }
  return complaints;
}

/** Where the first reply begins and ends in the recording; silence between two replies is no gap. */
function spanOf(recording: Int16Array, replies: readonly PublishedReply[]): { from: number; to: number } {
  const first = replies.find(({ from }) => from === 0);
  const from = first ? heardAt(recording, 0) : 0;
  const to = first ? heardAt(recording, first.to - 2) : -1;
  return { from: Math.max(0, from), to: to < 0 ? recording.length : to };
}

function described(
  direction: string,
  finding: ReturnType<typeof judgeQuestion>,
  when: (range: IndexRange) => string,
): string[] {
  return (['lost', 'doubled'] as const).flatMap((kind) =>
    finding[kind].map((range) => `${direction}: ${range.to - range.from} ${kind} from ${range.from}, ${when(range)}`),
  );
}

/** A counter's rise; a new process begins at 0. */
function risen(values: readonly number[]): number {
  return values.reduce((sum, value, at) => {
    const before = values[at - 1] ?? value;
    return sum + (value >= before ? value - before : value);
  }, 0);
}

async function soon<Value>(promise: Promise<Value>, complaint: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), 15_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
