import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { writeWav } from '#shared/audio/wav.ts';
import { type Interrupt, interrupt } from '#shared/contract/control.ts';
import { playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend, transcript, turn } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { startTestStack, type TestStack } from '../test/integration/harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { speakTone, timed } from './loudspeaker.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const TRIALS = 100;

/** From the final transcript of a spoken "stop" on the bus to its effect, through a real broker, router, speaker and sound server. */
export async function benchSpokenControl(): Promise<BenchTable> {
  const card = await createVirtualSoundCard();
  const rows: BenchRow[] = [];
  try {
    const clickMs = await timesOfClick(card);
    rows.push(
      row('reference: a click played by the sound server itself → recorded', clickMs, {
        note: 'sound server and recorder alone, subtracted below; negative: the monitor is ahead of the loudspeaker',
      }),
    );
    const recorderMs = percentiles(clickMs).median;
    for (const output of ['auto', 'portaudio']) {
      const stack = await startTestStack({ ...card.env, CORTEX_AUDIO_OUTPUT: output });
      try {
        await Promise.all([stack.start('speaker'), stack.start('router')]);
        rows.push(...(await measure(output, stack, card, recorderMs)));
      } finally {
        await stack.close();
      }
    }
  } finally {
    await card.close();
  }
  return { title: 'Spoken control: final transcript on the bus → effect, ms', rows };
}

async function measure(
  output: string,
  stack: TestStack,
  card: VirtualSoundCard,
  recorderMs: number,
): Promise<BenchRow[]> {
  const thinker = stack.connect('thinker');
  const publisher = await startPcmPublisher(thinker, { pcm: replyPcm, resend: replyResend }, 60 * REPLY_RATE_HZ);
  const playbacks = await stack.watch(playback);
  let transcriptAtMs = 0;
  let interrupted: (interrupt: Interrupt) => void = () => undefined;
  await stack.bus.subscribe(transcript, () => {
    transcriptAtMs = performance.now();
  });
  await stack.bus.subscribe(interrupt, ({ payload }) => interrupted(payload));
  let number = Math.floor(Date.now() / 1_000);
  const toInterrupt: number[] = [];
  const toSilence: number[] = [];

  for (let trial = 0; trial < TRIALS; trial += 1) {
    number += 2;
    const reply = number;
    const recording = await card.record('speaker', REPLY_RATE_HZ);
    const spoken = { state: 'speaking', backend: 'live', at: Date.now() } as const;
    thinker.publish(turn, { turn: reply, ...spoken });
    await timed(recording, 'sound', () => speakTone(publisher, reply, 3));
    await new Promise((resolve) => setTimeout(resolve, 100 + 100 * Math.random()));
    const effect = new Promise<number>((resolve) => {
      interrupted = () => resolve(performance.now() - transcriptAtMs);
    });
    const silentMs = await timed(recording, 'silence', () =>
      thinker.publish(transcript, { turn: reply + 1, role: 'user', text: 'Stop.', final: true, at: Date.now() }),
    );
    toInterrupt.push(await effect);
    toSilence.push(silentMs);
    await playbacks.next(({ turn: of, state }) => of === reply && state === 'interrupted');
    await recording.stop();
  }
  const own = toSilence.map((ms) => Math.max(0, ms - recorderMs));
  return [
    row(`${output}: transcript → control/interrupt`, toInterrupt, { budget: 'p95 < 50' }),
    row(`${output}: transcript published → silence recorded`, toSilence, {}),
    row(`${output}: the same without sound server and recorder`, own, { budget: 'p95 < 50' }),
  ];
}

/** Milliseconds from a command on the sound server's own socket to the moment the recorder has delivered the click. */
async function timesOfClick(card: VirtualSoundCard): Promise<number[]> {
  const folder = card.env['PULSE_STATE_PATH'] ?? '';
  const file = join(folder, 'click.wav');
  const socketPath = join(folder, 'cli');
  const click = new Int16Array(REPLY_RATE_HZ / 10).fill(20_000);
  writeFileSync(file, writeWav({ sampleRateHz: REPLY_RATE_HZ, samples: click }));
  await card.pactl('upload-sample', file, 'click');
  await card.pactl('load-module', 'module-cli-protocol-unix', `socket=${socketPath}`);
  const socket: Socket = createConnection(socketPath);
  socket.resume();
  await once(socket, 'connect');
  const times: number[] = [];
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const recording = await card.record('speaker', REPLY_RATE_HZ);
    await new Promise((resolve) => setTimeout(resolve, 100 + 20 * Math.random()));
    times.push(await timed(recording, 'sound', () => socket.write('play-sample click speaker\n')));
    await recording.stop();
  }
  socket.destroy();
  return times;
}

function row(what: string, times: readonly number[], more: Pick<BenchRow, 'budget' | 'note'>): BenchRow {
  const { n, median, p95, p99 } = percentiles(times);
  return { what, values: { n, median, p95, p99 }, ...more };
}
