import { SERVICES, type ServiceName } from '#shared/contract/channel.ts';
import { preparePm2Stack } from '../test/integration/harness/pm2-stack.ts';
import { BIT_EXACT_CARD, createVirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { type Disturbance, replyTrial, speechTrial, type TrialResult } from './restart/trial.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const DISTURBANCES: Disturbance[] = ['reload', 'restart', 'SIGKILL'];
/** Long enough for some four disturbances each; CORTEX_BENCH_TRIALS (default 4) counts them up. */
const TRIAL_SECONDS = 24;

/** {each service} × {reload, restart, SIGKILL}, during a reply and during speech, on the virtual sound card, counted to the sample. */
export async function benchRestartMatrix(): Promise<BenchTable> {
  const wanted = Number(process.env['CORTEX_BENCH_TRIALS'] ?? '4');
  const only = process.env['CORTEX_BENCH_SERVICES']?.split(',');
  const rows: BenchRow[] = [];
  for (const service of SERVICES) {
    if (only && !only.includes(service)) continue;
    for (const disturbance of DISTURBANCES) {
      const { reply, speech } = await cell(service, disturbance, wanted);
      rows.push(row(`${disturbance} ${service}, reply`, reply), row(`${disturbance} ${service}, speech`, speech));
      for (const { what, values, note } of rows.slice(-2)) console.log(what, JSON.stringify(values), note ?? '');
    }
  }
  return { title: 'Restarts: what is lost, to the sample', rows };
}

/** A fresh stack for each cell, so that no cell suffers from what the one before it broke. */
async function cell(service: ServiceName, disturbance: Disturbance, wanted: number) {
  const card = await createVirtualSoundCard(BIT_EXACT_CARD);
  const stack = await preparePm2Stack({
    ...card.env,
    CORTEX_AUDIO_INPUT: 'portaudio',
    CORTEX_AUDIO_OUTPUT: 'portaudio',
    CORTEX_CAMERA: 'test',
    VAD_MIN_SILENCE_MS: '1500',
  });
  try {
    const { code, output } = await stack.command('start');
    if (code !== 0) throw new Error(`the stack did not start:\n${output}`);
    const reply: TrialResult[] = [];
    const speech: TrialResult[] = [];
    while (disturbancesOf(reply) < wanted)
      reply.push(await replyTrial(stack, card, service, disturbance, TRIAL_SECONDS));
    while (disturbancesOf(speech) < wanted)
      speech.push(await speechTrial(stack, card, service, disturbance, TRIAL_SECONDS));
    return { reply, speech };
  } finally {
    await stack.close();
    await card.close();
  }
}

function disturbancesOf(trials: readonly TrialResult[]): number {
  return trials.reduce((sum, trial) => sum + trial.disturbances, 0);
}

function row(what: string, trials: readonly TrialResult[]): BenchRow {
  const sum = (pick: (trial: TrialResult) => number) => trials.reduce((total, trial) => total + pick(trial), 0);
  const notes = [...new Set(trials.flatMap(({ note }) => note ?? []))].join('; ');
  return {
    what,
    values: {
      trials: disturbancesOf(trials),
      lost: sum(({ lost }) => lost),
      doubled: sum(({ doubled }) => doubled),
      'longest silence ms': Math.max(...trials.map((trial) => trial.longestSilenceMs)),
      'recovery median ms': Math.round(percentiles(trials.flatMap(({ recoveryMs }) => recoveryMs)).median),
    },
    budget: '0 lost, 0 doubled',
    ...(notes && { note: notes }),
  };
}
