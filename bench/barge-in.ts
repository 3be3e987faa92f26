import type { Bus } from '#shared/bus/bus.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import { playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { startTestStack, type TestStack } from '../test/integration/harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { acousticRows } from './acoustic-onset.ts';
import { speakTone, timed } from './loudspeaker.ts';
import { people, SPEECH_FOLDERS, soundsIn } from './sounds.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const TRIALS = Number(process.env['CORTEX_BENCH_TRIALS'] ?? 100);
/** The default output in full; the other one for comparison. */
const OUTPUTS = [
  { output: 'auto', trials: TRIALS },
  { output: 'portaudio', trials: Math.ceil(TRIALS / 10) },
];

/** From a person's first sound, and from a command on the bus, to silence (and to sound) at the loudspeaker's monitor, through a real broker, speaker and sound server. */
export async function benchBargeIn(): Promise<BenchTable> {
  const card = await createVirtualSoundCard();
  const rows: BenchRow[] = [];
  try {
    const recorded = (await soundsIn(...SPEECH_FOLDERS)).filter(({ name }) => name !== 'Noise.wav');
    const sentences = await people('sentences', TRIALS);
    rows.push(
      ...(await acousticRows(card, {
        whose: `${recorded.length} recordings in turn`,
        voices: recorded,
        trials: TRIALS,
      })),
    );
    rows.push(...(await acousticRows(card, { whose: 'a sentence each', voices: sentences, trials: TRIALS })));
    for (const { output, trials } of OUTPUTS) {
      const stack = await startTestStack({ ...card.env, CORTEX_AUDIO_OUTPUT: output });
      try {
        await stack.start('speaker');
        rows.push(...(await measure(output, trials, stack, card)));
      } finally {
        await stack.close();
      }
    }
  } finally {
    await card.close();
  }
  return { title: 'Barge-in, ms, at the loudspeaker’s monitor (recorder included)', rows };
}

async function measure(output: string, trials: number, stack: TestStack, card: VirtualSoundCard): Promise<BenchRow[]> {
  const thinker = stack.connect('thinker');
  const audioIn = stack.connect('audio-in');
  const publisher = await startPcmPublisher(thinker, { pcm: replyPcm, resend: replyResend }, 60 * REPLY_RATE_HZ);
  const playbacks = await stack.watch(playback);
  let turn = Math.floor(Date.now() / 1_000);
  const toSound: number[] = [];
  const toSilence: number[] = [];
  const toPause: number[] = [];
  const toResume: number[] = [];

  for (let trial = 0; trial < trials; trial += 1) {
    turn += 1;
    const recording = await card.record('speaker', REPLY_RATE_HZ);
    toSound.push(await timed(recording, 'sound', () => speakTone(publisher, turn, 3)));
    await pause(100 + 100 * Math.random());
    const utterance = turn;
    toPause.push(await timed(recording, 'silence', () => say(audioIn, utterance, 'possible')));
    await playbacks.next(({ turn: of, state }) => of === turn && state === 'paused');
    toResume.push(await timed(recording, 'sound', () => say(audioIn, utterance, 'discarded')));
    await pause(100 + 100 * Math.random());
    toSilence.push(
      await timed(recording, 'silence', () =>
        stack.bus.publish(interrupt, { id: `bench-${turn}`, source: 'operator', at: Date.now() }),
      ),
    );
    await playbacks.next(({ turn: of, state }) => of === turn && state === 'interrupted');
    await recording.stop();
  }
  const row = (what: string, times: number[], budget: string): BenchRow => {
    const { n, median, p95, p99 } = percentiles(times);
    return { what: `${output}: ${what}`, values: { n, median, p95, p99 }, budget };
  };
  return [
    row('first frame → first sound', toSound, 'p95 < 60'),
    row('possible speech → silence', toPause, 'p95 < 50'),
    row('discarded → sound again', toResume, 'p95 < 60'),
    row('interrupt → silence', toSilence, 'p95 < 50'),
  ];
}

function say(bus: Bus, utterance: number, state: 'possible' | 'discarded'): void {
  bus.publish(speech, { utterance, state, probability: 0.9, speechMs: 64, at: Date.now() });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
