import { Conversing } from '../test/integration/harness/conversing.ts';
import { preparePm2Stack } from '../test/integration/harness/pm2-stack.ts';
import { createVirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const ROUNDS = Number(process.env['CORTEX_BENCH_TRIALS'] ?? 10);
/** Into the reply, ms. */
const MID_SENTENCE_MS = { least: 300, spread: 1_500 };

/**
 * `pm2 restart all` in the middle of a reply, from the command's start (PM2's own program included): until the needed services
 * are ready, until the interrupted reply sounds again, and until somebody who says "stop" then and asks something hears the answer.
 */
export async function benchRestartAll(): Promise<BenchTable> {
  const card = await createVirtualSoundCard();
  const stack = await preparePm2Stack({ ...card.env, CORTEX_CAMERA: 'test' });
  const readyMs: number[] = [];
  const soundsAgainMs: number[] = [];
  const answeredMs: number[] = [];
  const commandMs: number[] = [];
  try {
    const { code, output } = await stack.command('start');
    if (code !== 0) throw new Error(`the stack did not start:\n${output}`);
    const person = await Conversing.on(stack.connect());
    for (let round = 0; round < ROUNDS; round += 1) {
      await person.converse();
      await pause(MID_SENTENCE_MS.least + MID_SENTENCE_MS.spread * Math.random());
      const before = person.pidsSoFar();
      const startMs = performance.now();
      const since = () => performance.now() - startMs;
      const command = stack.pm2('restart', 'all').then(() => commandMs.push(since()));
      await person.renewed(before, ['speaker']);
      const backAt = Date.now();
      // A report comes every 200 ms.
      await person.playbacks.next(({ at }) => at > backAt);
      soundsAgainMs.push(since());
      await person.renewed(before);
      readyMs.push(since());
      person.stop();
      await person.converse();
      answeredMs.push(since());
      await command;
      person.stop();
    }
  } finally {
    await stack.close();
    await card.close();
  }
  const row = (what: string, times: readonly number[], budget?: string): BenchRow => {
    const { n, median, p95 } = percentiles(times);
    return { what, values: { n, median, p95, max: Math.max(...times) }, ...(budget && { budget }) };
  };
  return {
    title: '`pm2 restart all` in the middle of a reply, ms from the command',
    rows: [
      row('broker, audio-in, thinker and speaker ready', readyMs),
      row('the interrupted reply sounds again', soundsAgainMs, '< 5000'),
      row('"stop", and the next question’s answer sounds', answeredMs, '< 5000'),
      row('PM2’s command is through', commandMs),
    ],
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
