import { appendFileSync, mkdirSync } from 'node:fs';
import { SERVICES, type ServiceName } from '#shared/contract/channel.ts';
import { type Pm2Stack, preparePm2Stack } from '../test/integration/harness/pm2-stack.ts';
import {
  BIT_EXACT_CARD,
  createVirtualSoundCard,
  type VirtualSoundCard,
} from '../test/integration/harness/virtual-sound-card.ts';
import { DISTURBANCES, type Disturbance, type Disturbed } from './restart/disturbance.ts';
import { runSegment, type Segment } from './restart/segment.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

/** Everything measured, a line a segment, as it comes: what was measured stays when the run is stopped. */
const JOURNAL = 'bench/results/restarts.jsonl';
/** A cell that breaks this often is given up. */
const MAX_BROKEN = 2;

/**
 * {each service} × {reload, restart, SIGKILL}, during speech in both directions on the virtual sound card, counted to the
 * sample. CORTEX_BENCH_TRIALS (20) disturbances a cell; CORTEX_BENCH_SERVICES and CORTEX_BENCH_DISTURBANCES choose cells, the
 * former also several services at the same instant (`broker+speaker,thinker+speaker,all`); CORTEX_BENCH_OUTPUT is CORTEX_AUDIO_OUTPUT.
 */
export async function benchRestartMatrix(): Promise<BenchTable> {
  const trials = Number(process.env['CORTEX_BENCH_TRIALS'] ?? '20');
  const groups = listed('CORTEX_BENCH_SERVICES')?.map(servicesOf) ?? SERVICES.map((service) => [service]);
  const wanted = listed('CORTEX_BENCH_DISTURBANCES');
  const disturbances = DISTURBANCES.filter((disturbance) => wanted?.includes(disturbance) ?? true);
  mkdirSync('bench/results', { recursive: true });
  const rows: BenchRow[] = [];
  for (const services of groups) {
    const bed = new TestBed();
    try {
      for (const disturbance of disturbances) {
        if (disturbance === 'restarts' && services.length === 1) continue;
        rows.push(await cell(bed, services, disturbance, trials));
        console.log(new Date().toISOString(), JSON.stringify(rows.at(-1)));
      }
    } finally {
      await bed.close();
    }
  }
  return { title: 'Restarts during speech in both directions: what is lost, to the sample', rows };
}

function listed(setting: string): string[] | undefined {
  return process.env[setting]?.split(',');
}

/** The services of `broker+speaker`, or of `all`: without the simulator, which shall remember what it has heard. */
function servicesOf(group: string): readonly ServiceName[] {
  const names = group === 'all' ? [...SERVICES] : group.split('+');
  return names.map((name) => {
    const service = SERVICES.find((one) => one === name);
    if (!service) throw new Error(`no service is called ${name}`);
    return service;
  });
}

async function cell(
  bed: TestBed,
  services: readonly ServiceName[],
  disturbance: Disturbance,
  trials: number,
): Promise<BenchRow> {
  const group = services.join('+');
  const segments: Segment[] = [];
  const broken: string[] = [];
  while (segments.flatMap(({ disturbed }) => disturbed).length < trials && broken.length < MAX_BROKEN) {
    try {
      const { stack, card } = await bed.ready();
      const segment = await runSegment(stack, card, services, disturbance);
      segments.push(segment);
      journal({ services: group, disturbance, ...segment });
    } catch (error) {
      broken.push(String(error));
      journal({ services: group, disturbance, broken: String(error) });
      // What one trial has broken must not spoil the next.
      await bed.close();
    }
  }
  return row(`${disturbance} ${group}`, segments, broken);
}

/** A stack on a card of its own, started when it is needed. */
class TestBed {
  private bed: { stack: Pm2Stack; card: VirtualSoundCard } | undefined;

  async ready(): Promise<{ stack: Pm2Stack; card: VirtualSoundCard }> {
    if (this.bed) return this.bed;
    const card = await createVirtualSoundCard(BIT_EXACT_CARD);
    const stack = await preparePm2Stack({
      ...card.env,
      // arecord takes 16 kHz, so that this direction is bit-exact too; PortAudio takes the device's own rate.
      CORTEX_AUDIO_INPUT: process.env['CORTEX_BENCH_INPUT'] ?? 'alsa:default',
      CORTEX_AUDIO_OUTPUT: process.env['CORTEX_BENCH_OUTPUT'] ?? 'auto',
      CORTEX_CAMERA: 'test',
      // Both directions at once: the reply goes on while somebody speaks, and no pause between words ends the question.
      BARGE_IN: 'off',
      ECHO: 'headphones',
      VAD_MIN_SILENCE_MS: '1500',
      // Of PM2's daemon: each kill counts as a first one. By default a service killed every few seconds is a crash loop to
      // it, and kept waiting for up to 15 s.
      EXP_BACKOFF_RESET_TIMER: '500',
      PM2_WORKER_INTERVAL: '1000',
    });
    this.bed = { stack, card };
    const { code, output } = await stack.command('start');
    if (code !== 0) throw new Error(`the stack did not start:\n${output}`);
    return this.bed;
  }

  async close(): Promise<void> {
    const { bed } = this;
    this.bed = undefined;
    await bed?.stack.close();
    await bed?.card.close();
  }
}

function journal(entry: unknown): void {
  appendFileSync(JOURNAL, `${JSON.stringify({ at: new Date().toISOString(), ...(entry as object) })}\n`);
}

function row(what: string, segments: readonly Segment[], broken: readonly string[]): BenchRow {
  const disturbed = segments.flatMap((segment) => segment.disturbed);
  const sum = (pick: (segment: Segment) => number) => segments.reduce((all, segment) => all + pick(segment), 0);
  const middle = (pick: (one: Disturbed) => number) =>
    disturbed.length > 0 ? Math.round(percentiles(disturbed.map(pick)).median) : '';
  const notes = [...segments.flatMap(({ wrong }) => wrong), ...broken];
  const askedAgain = sum((segment) => segment.askedAgain);
  if (askedAgain > 0) {
    const samples = sum((segment) => segment.askedAgainSamples);
    const faded = sum((segment) => segment.askedAgainFaded);
    notes.push(
      `${askedAgain} turns asked again; of their first answers ${samples} samples unheard, ${faded} faded out`,
    );
  }
  return {
    what,
    values: {
      trials: disturbed.length,
      'reply lost': sum(({ reply }) => reply.lost),
      'reply doubled': sum(({ reply }) => reply.doubled),
      'speech lost': sum(({ speech }) => speech.lost),
      'speech doubled': sum(({ speech }) => speech.doubled),
      'longest silence ms': Math.max(0, ...segments.map((segment) => segment.longestSilenceMs)),
      'recovery median ms': middle(({ recoveryMs }) => recoveryMs),
      'away median ms': middle(({ awayMs }) => awayMs),
      'away max ms': Math.round(Math.max(0, ...disturbed.map(({ awayMs }) => awayMs))),
      'machine stood still ms': Math.max(0, ...segments.map(({ stoodStillMs }) => stoodStillMs)),
      'card ran dry': sum(({ underruns }) => underruns),
    },
    budget: '0 lost, 0 doubled',
    ...(notes.length > 0 && { note: notes.join('; ') }),
  };
}
