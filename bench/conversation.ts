import { readFileSync } from 'node:fs';
import { readWav } from '#shared/audio/wav.ts';
import { playback } from '#shared/contract/speaker.ts';
import { turn } from '#shared/contract/thinker.ts';
import { preparePm2Stack } from '../test/integration/harness/pm2-stack.ts';
import { createVirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { Watched } from '../test/integration/harness/watched.ts';
import { cpuSeconds, memoryMb, processesOf } from './processes.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const ROUNDS = 20;
const QUESTION = 'services/audio-in/assets/sample-question.wav';

/**
 * Spoken questions into the virtual microphone, answers out of the virtual loudspeaker, the simulator answering with the
 * latencies recorded from the real server; then what the whole stack costs while it does that.
 */
export async function benchConversation(): Promise<BenchTable> {
  const card = await createVirtualSoundCard();
  // Microphone and loudspeaker as they are chosen where nobody has set them.
  const stack = await preparePm2Stack({ ...card.env, CORTEX_CAMERA: 'test' });
  try {
    const { code, output } = await stack.command('start');
    if (code !== 0) throw new Error(`the stack did not start:\n${output}`);
    const bus = stack.connect();
    const turns = await Watched.on(bus, turn);
    const playbacks = await Watched.on(bus, playback);
    const { samples, sampleRateHz } = readWav(readFileSync(QUESTION));
    const question = samples.subarray(0, sampleRateHz * 3);
    const sent: number[] = [];
    const server: number[] = [];
    const played: number[] = [];
    const whole: number[] = [];
    const pids = await processesOf(stack);
    const before = [...pids].map(([name, pid]) => ({ name, pid, seconds: cpuSeconds(pid) }));
    const startMs = performance.now();
    let last = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await card.speak(question, sampleRateHz);
      const done = await turns.next(({ state, turn: number }) => state === 'done' && number > last);
      last = done.turn;
      await playbacks.next(({ state, turn: number }) => state === 'finished' && number === last);
      const started = await playbacks.next(({ state, turn: number }) => state === 'started' && number === last);
      const { speechEnded = 0, activityEnded = 0, firstAudio = 0 } = done.timings ?? {};
      sent.push(activityEnded - speechEnded);
      server.push(firstAudio - activityEnded);
      played.push(started.at - firstAudio);
      whole.push(started.at - speechEnded);
    }
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const cpu = before.map(({ name, pid, seconds }) => ({
      name,
      percent: ((cpuSeconds(pid) - seconds) / elapsedSeconds) * 100,
    }));
    const latency = (what: string, milliseconds: readonly number[], budget?: string): BenchRow => {
      const { n, median, p95 } = percentiles(milliseconds);
      return { what, values: { n, median, p95, unit: 'ms' }, ...(budget && { budget }) };
    };
    const rows = [
      latency('end of speech noticed → question complete at the server', sent),
      latency('server (recorded latencies, simulated)', server),
      latency('first sound from the server → first sample at the device', played),
      latency('end of speech noticed → first sample at the device', whole, 'p95 < 500 ms'),
      ...memoryRows(pids),
      ...cpu.map(({ name, percent }) => ({
        what: `CPU of ${name}`,
        values: { median: percent, unit: '% of one core' },
      })),
      {
        what: 'CPU of the whole stack in conversation',
        values: { median: cpu.reduce((sum, { percent }) => sum + percent, 0), unit: '% of one core' },
        budget: '< 12 % of one core',
        note: 'without aplay, which is nobody’s child, and without the simulator, which stands for Google',
      },
    ];
    return { title: 'Conversation: latency, memory, CPU', rows };
  } finally {
    await stack.close();
    await card.close();
  }
}

function memoryRows(pids: ReadonlyMap<string, number>): BenchRow[] {
  const megabytes = [...pids].map(([name, pid]) => ({ name, value: memoryMb(pid) }));
  const sum = megabytes.reduce((total, { value }) => total + value, 0);
  return [
    ...megabytes.map(({ name, value }) => ({ what: `memory of ${name}`, values: { median: value, unit: 'MB PSS' } })),
    { what: 'memory of the whole stack', values: { median: sum, unit: 'MB PSS' }, budget: '≤ 200 MB' },
  ];
}
