import { readFileSync } from 'node:fs';
import { readWav } from '#shared/audio/wav.ts';
import { atTopic, SERVICES } from '#shared/contract/channel.ts';
import { type Metrics, metrics, status } from '#shared/contract/service.ts';
import { playback } from '#shared/contract/speaker.ts';
import { type Turn, turn } from '#shared/contract/thinker.ts';
import { type Pm2Stack, preparePm2Stack } from '../test/integration/harness/pm2-stack.ts';
import { createVirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { Watched } from '../test/integration/harness/watched.ts';
import { memoryMb, processesOf } from './processes.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';

const QUESTION = 'services/audio-in/assets/sample-question.wav';
/** The rest of the file is the silence it is looped with. */
const QUESTION_SECONDS = 3;
/** As long as the stress test of the documents this project grew from; three connections of Gemini's ten minutes end in it. */
const DEFAULT_MINUTES = 30;
/** Caches and heaps are full by then: what memory grows by afterwards is a leak or close to one. */
const WARM_UP_MINUTES = 3;
/** A turn that has not ended by then never will. */
const GIVE_UP_MS = 30_000;
/** Every fourth question is spoken into the answer to the one before it. */
const BARGE_IN_EVERY = 4;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * A conversation of CORTEX_BENCH_MINUTES (default 30) with the simulator's ten-minute connections: what became of each
 * question, whether the last session still knows the first one, and what grew meanwhile.
 */
export async function benchSoak(): Promise<BenchTable> {
  const minutes = Number(process.env['CORTEX_BENCH_MINUTES'] ?? DEFAULT_MINUTES);
  const card = await createVirtualSoundCard();
  const stack = await preparePm2Stack({ ...card.env, CORTEX_AUDIO_INPUT: 'portaudio', CORTEX_CAMERA: 'test' });
  try {
    const { code, output } = await stack.command('start');
    if (code !== 0) throw new Error(`the stack did not start:\n${output}`);
    const bus = stack.connect();
    const turns = await Watched.on(bus, turn);
    const playbacks = await Watched.on(bus, playback);
    const statuses = await Watched.on(bus, status);
    const latest = new Map<string, Metrics>();
    for (const service of SERVICES)
      await bus.subscribe(atTopic(metrics, { service }), ({ payload }) => latest.set(service, payload));
    const { samples, sampleRateHz } = readWav(readFileSync(QUESTION));
    const spoken = samples.subarray(0, QUESTION_SECONDS * sampleRateHz);
    const pids = await processesOf(stack);
    const begun = performance.now();
    const minutesGone = () => (performance.now() - begun) / 60_000;
    let warmMb: Map<string, number> | undefined;
    let last = 0;
    for (let question = 1; minutesGone() < minutes; question += 1) {
      await card.speak(spoken, sampleRateHz);
      const answer = await within(playbacks.next(({ state, turn: number }) => state === 'started' && number > last));
      last = answer?.turn ?? last;
      if (question % BARGE_IN_EVERY !== 0) {
        await within(playbacks.next(({ state, turn: number }) => number === last && state === 'finished'));
        await pause(500 + Math.random() * 1_500);
      }
      if (!warmMb && minutesGone() > WARM_UP_MINUTES) warmMb = memoryOf(pids);
    }
    await within(turns.next((one) => one.turn === last && over(one)));
    const finalMb = memoryOf(pids);
    return {
      title: `Soak: ${minutesGone().toFixed(0)} minutes of conversation`,
      rows: [
        ...turnRows(turns),
        { what: 'samples heard late: gaps in playback', values: { n: counter(latest, 'speaker', 'jitterUnderruns') } },
        { what: 'samples lost on the bus', values: { n: counter(latest, 'speaker', 'pcmSamplesLost') } },
        { what: 'connections changed before their end', values: { n: counter(latest, 'thinker', 'rotations') } },
        { what: 'connections lost', values: { n: counter(latest, 'thinker', 'connectionsLost') } },
        {
          what: 'processes that ended',
          values: { n: statuses.seen.filter(({ payload }) => payload.state === 'offline').length },
          budget: '0',
        },
        await memoryOfConversation(stack),
        latencyRow(turns),
        ...[...finalMb].map(([name, mb]) => ({
          what: `memory of ${name}`,
          values: { after3min: warmMb?.get(name) ?? Number.NaN, atEnd: mb, unit: 'MB PSS' },
        })),
      ],
    };
  } finally {
    await stack.close();
    await card.close();
  }
}

function over({ state }: Turn): boolean {
  return state === 'done' || state === 'interrupted' || state === 'failed';
}

function within<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  return Promise.race([promise, pause(GIVE_UP_MS).then(() => undefined)]);
}

/** What became of each turn there was: the last state it was seen in. */
function turnRows(turns: Watched<Turn>): BenchRow[] {
  const states = [...new Map(turns.seen.map(({ payload }) => [payload.turn, payload])).values()];
  const ended = ['done', 'interrupted', 'failed'].map((kind) => ({
    what: `turns: ${kind}`,
    values: { n: states.filter(({ state }) => state === kind).length },
    ...(kind === 'failed' && { budget: '0' }),
  }));
  const hanging = states.filter((one) => !over(one)).length;
  return [...ended, { what: 'turns: never ended', values: { n: hanging }, budget: '0' }];
}

function counter(latest: ReadonlyMap<string, Metrics>, service: string, name: string): number {
  return latest.get(service)?.counters[name] ?? 0;
}

function memoryOf(pids: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...pids].map(([name, pid]) => [name, memoryMb(pid)]));
}

/** How many of the exchanges the newest session still holds: resumption is what carries them over. */
async function memoryOfConversation(stack: Pm2Stack): Promise<BenchRow> {
  const response = await fetch(`${stack.simulatorUrl}/control/state`);
  const { sessions } = (await response.json()) as { sessions: { resumed: boolean; remembers: unknown[] }[] };
  return {
    what: 'sessions, and what the last one remembers',
    values: { n: sessions.length, remembers: sessions.at(-1)?.remembers.length ?? 0 },
  };
}

function latencyRow(turns: Watched<Turn>): BenchRow {
  const latencies = turns.seen.flatMap(({ payload: { state, timings } }) =>
    state === 'done' && timings?.['speechEnded'] && timings['firstAudio']
      ? [timings['firstAudio'] - timings['speechEnded']]
      : [],
  );
  const { n, median, p95 } = percentiles(latencies);
  return { what: 'end of speech noticed → first sound from the server', values: { n, median, p95, unit: 'ms' } };
}
