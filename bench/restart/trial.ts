import { findCodedSignal } from '#shared/audio/coded-signal.ts';
import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { createResampler } from '#shared/audio/resampler.ts';
import { readWav } from '#shared/audio/wav.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import { playback } from '#shared/contract/speaker.ts';
import { ask, turn } from '#shared/contract/thinker.ts';
import type { Pm2Stack } from '../../test/integration/harness/pm2-stack.ts';
import type { VirtualSoundCard } from '../../test/integration/harness/virtual-sound-card.ts';
import { Watched } from '../../test/integration/harness/watched.ts';
import { align, longestSilenceMs, withNoise } from './align.ts';

export type Disturbance = 'reload' | 'restart' | 'SIGKILL';

export interface TrialResult {
  disturbances: number;
  lost: number;
  doubled: number;
  longestSilenceMs: number;
  /** From the disturbance to the successor's `online`, each. */
  recoveryMs: number[];
  note?: string;
}

const REPLY_RATE_HZ = 24_000;
const MIC_RATE_HZ = 16_000;
/** Time between two disturbances: a service must be well again before it is hurt again. */
const BETWEEN_MS = { least: 3_500, spread: 2_500 };
/** A trial that has not come to its end by then has lost the conversation. */
const GIVE_UP_MS = 60_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Disturbs `service` again and again while a coded reply of `seconds` plays, and looks what the loudspeaker played. */
export async function replyTrial(
  stack: Pm2Stack,
  card: VirtualSoundCard,
  service: ServiceName,
  disturbance: Disturbance,
  seconds: number,
): Promise<TrialResult> {
  await scenario(stack, { turns: [{ reply: { kind: 'coded', seconds } }] });
  const bus = stack.connect();
  const playbacks = await Watched.on(bus, playback);
  const turns = await Watched.on(bus, turn);
  const recording = await card.record('speaker', REPLY_RATE_HZ);
  bus.publish(ask, { id: `trial-${Date.now()}`, text: 'Say the coded signal.' });
  const started = await playbacks.next(({ state }) => state === 'started');
  const ended = within(
    playbacks.next(({ state, position }) => state === 'finished' && position >= seconds * REPLY_RATE_HZ),
    'the reply never finished',
  );
  const { recoveryMs, note } = await disturbUntil(stack, bus, service, disturbance, ended);
  const samples = await recording.stop();
  await bus.close();
  const reasked = turns.seen.some(({ payload }) => payload.turn > started.turn);
  const finding = findCodedSignal(samples, 0, seconds * REPLY_RATE_HZ);
  return {
    disturbances: recoveryMs.length,
    lost: total(finding.lost),
    doubled: reasked ? 0 : total(finding.doubled),
    longestSilenceMs: longestSilenceMs(samples, REPLY_RATE_HZ),
    recoveryMs,
    ...((note ?? reasked) && { note: [note, reasked && 'turn asked again'].filter(Boolean).join('; ') }),
  };
}

/** Disturbs `service` again and again while somebody speaks for `seconds`, and looks what Gemini got of it. */
export async function speechTrial(
  stack: Pm2Stack,
  card: VirtualSoundCard,
  service: ServiceName,
  disturbance: Disturbance,
  seconds: number,
): Promise<TrialResult> {
  await scenario(stack, { turns: [{ reply: { kind: 'text', text: 'Thank you.' } }] });
  const bus = stack.connect();
  const turns = await Watched.on(bus, turn);
  const speeches = await Watched.on(bus, speech);
  const source = await longSpeech(seconds);
  const speaking = card.speak(source, MIC_RATE_HZ);
  await speeches.next(({ state }) => state === 'started');
  const { recoveryMs, note } = await disturbUntil(stack, bus, service, disturbance, speaking);
  const answered = await within(
    turns.next(({ state }) => state === 'done'),
    'the question was never answered',
  );
  const samples = await heardByGemini(stack);
  await bus.close();
  const found = align(source, samples);
  return {
    disturbances: recoveryMs.length,
    lost: found.lost,
    doubled: found.doubled,
    longestSilenceMs: 0,
    recoveryMs,
    ...((note ?? answered) && { note: [note, answered].filter(Boolean).join('; ') }),
  };
}

/** Disturbs at random moments until `end` settles. The note says why the end is not the wanted one. */
async function disturbUntil(
  stack: Pm2Stack,
  bus: Bus,
  service: ServiceName,
  disturbance: Disturbance,
  end: Promise<unknown>,
): Promise<{ recoveryMs: number[]; note?: string }> {
  let over = false;
  let note: string | undefined;
  const ended = end.then((result) => {
    over = true;
    if (typeof result === 'string') note = result;
  });
  const recoveryMs: number[] = [];
  await Promise.race([ended, pause(1_000 + Math.random() * 1_500)]);
  while (!over) {
    recoveryMs.push(await disturb(stack, bus, service, disturbance));
    await Promise.race([ended, pause(BETWEEN_MS.least + Math.random() * BETWEEN_MS.spread)]);
  }
  return { recoveryMs, ...(note !== undefined && { note }) };
}

/** Resolves with the time until another process of the service is online. */
async function disturb(stack: Pm2Stack, bus: Bus, service: ServiceName, disturbance: Disturbance): Promise<number> {
  const [pid = 0] = await stack.pids(service);
  const statuses = await Watched.on(bus, atTopic(status, { service }));
  const startMs = performance.now();
  if (disturbance === 'SIGKILL') process.kill(pid, 'SIGKILL');
  else await stack.pm2(disturbance, service);
  await statuses.next(({ state, pid: other }) => state === 'online' && other !== pid);
  return performance.now() - startMs;
}

/** Resolves with `complaint` where the promise takes too long. */
function within<Value>(promise: Promise<Value>, complaint: string): Promise<string | undefined> {
  return Promise.race([promise.then(() => undefined), pause(GIVE_UP_MS).then(() => complaint)]);
}

async function scenario(stack: Pm2Stack, content: unknown): Promise<void> {
  const response = await fetch(`${stack.simulatorUrl}/control/scenario`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  });
  if (!response.ok) throw new Error(`the simulator refuses the scenario: ${await response.text()}`);
}

/** The audio of the newest activity of the newest connection. */
async function heardByGemini(stack: Pm2Stack): Promise<Int16Array> {
  const response = await fetch(`${stack.simulatorUrl}/control/audio`);
  return readWav(new Uint8Array(await response.arrayBuffer())).samples;
}

/** Somebody who talks without a pause, every sample of it different. */
async function longSpeech(seconds: number): Promise<Int16Array> {
  const text = 'the quick brown fox jumps over the lazy dog and then it runs along the river to the old stone bridge ';
  const voice = await speakWithEspeak(text.repeat(Math.ceil(seconds / 5)));
  const resampler = await createResampler(voice.sampleRateHz, MIC_RATE_HZ);
  return withNoise(resampler.process(voice.samples).slice(0, seconds * MIC_RATE_HZ));
}

function total(ranges: readonly { from: number; to: number }[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
