import type { Bus } from '#shared/bus/bus.ts';
import { type Speech, speech } from '#shared/contract/audio-in.ts';
import { type Fallback, fallback, volume } from '#shared/contract/control.ts';
import type { TestStack } from '../../test/integration/harness/test-stack.ts';
import { type BenchRow, percentiles } from '../table.ts';
import { type Loudness, SILENCE, timeToReach, toneAt } from './loudness.ts';
import { pause, type Scene } from './scene.ts';

/** What the requirement allows. */
export const LIMIT_MS = 100;
/** A process that has just started is busy with itself. */
const STARTED_MS = 1_000;
const LOW_VOLUME = 0.3;
/** What the speaker leaves of a reply that is ducked. */
const DUCKED = 0.2;

/** Switches whose effect is heard while a reply sounds: from publishing to the new loudness at the loudspeaker's monitor. */
export async function loudspeakerRows(scene: Scene, audioIn: Bus, trials: number): Promise<BenchRow[]> {
  let utterance = Math.floor(Date.now() / 1_000);
  const say = (state: Speech['state']): void => {
    audioIn.publish(speech, { utterance, state, probability: 0.9, speechMs: 64, at: Date.now() });
  };
  const { bus } = scene;
  /** In this order; those without a name only lead to the next one. */
  const steps: { what?: string; act(): void; wanted: Loudness }[] = [
    {
      what: `control/volume 1 → ${LOW_VOLUME}: the new loudness`,
      act: () => bus.publish(volume, { volume: LOW_VOLUME }),
      wanted: toneAt(LOW_VOLUME),
    },
    {
      what: `control/volume ${LOW_VOLUME} → 1: the new loudness`,
      act: () => bus.publish(volume, { volume: 1 }),
      wanted: toneAt(1),
    },
    { what: 'muted: silence', act: () => scene.set({ muted: true }), wanted: SILENCE },
    { what: 'no longer muted: the reply', act: () => scene.set({ muted: false }), wanted: toneAt(1) },
    { act: () => say('possible'), wanted: SILENCE },
    { what: 'bargeIn pause → off while paused: goes on', act: () => scene.set({ bargeIn: 'off' }), wanted: toneAt(1) },
    {
      what: 'bargeIn off → duck while a person may be speaking: quieter',
      act: () => scene.set({ bargeIn: 'duck' }),
      wanted: toneAt(DUCKED),
    },
    { what: 'bargeIn duck → pause while ducked: silence', act: () => scene.set({ bargeIn: 'pause' }), wanted: SILENCE },
    {
      what: 'bargeIn pause → duck while paused: goes on, quieter',
      act: () => scene.set({ bargeIn: 'duck' }),
      wanted: toneAt(DUCKED),
    },
    {
      what: 'bargeIn duck → off while ducked: the full loudness',
      act: () => scene.set({ bargeIn: 'off' }),
      wanted: toneAt(1),
    },
    {
      what: 'bargeIn off → pause while a person may be speaking: silence',
      act: () => scene.set({ bargeIn: 'pause' }),
      wanted: SILENCE,
    },
    { act: () => say('discarded'), wanted: toneAt(1) },
  ];
  const times = new Map<string, number[]>();
  await scene.recorded(async (_microphone, loudspeaker) => {
    for (let trial = 0; trial < trials; trial += 1) {
      await scene.keepReplying();
      utterance += 1;
      for (const { what, act, wanted } of steps) {
        await pause(60 * Math.random());
        const tookMs = await timeToReach(loudspeaker, wanted, act);
        if (what !== undefined) times.set(what, [...(times.get(what) ?? []), tookMs]);
      }
    }
  });
  return [...times].map(([what, all]) => timedRow(what, all));
}

/** The switch that the router obeys: from publishing to its decision on the bus, which the thinker obeys for its next question. */
export async function layer2Row(scene: Scene, stack: TestStack, trials: number): Promise<BenchRow> {
  let decided: (level: Fallback['level']) => void = () => undefined;
  const next = () =>
    new Promise<Fallback['level']>((resolve) => {
      decided = resolve;
    });
  await scene.bus.subscribe(fallback, ({ payload }) => decided(payload.level));
  const first = next();
  await stack.start('router');
  await first;
  await pause(STARTED_MS);
  const times: number[] = [];
  for (let trial = 0; trial < 2 * trials; trial += 1) {
    await pause(100 * Math.random());
    const [mode, wanted] = trial % 2 === 0 ? (['legacy', 'http'] as const) : (['live', 'live'] as const);
    const level = next();
    const startMs = performance.now();
    scene.set({ layer2Mode: mode });
    if ((await level) !== wanted) throw new Error(`layer2Mode ${mode} was not obeyed`);
    times.push(performance.now() - startMs);
  }
  scene.set({});
  return timedRow('layer2Mode live ↔ legacy: control/fallback', times);
}

function timedRow(what: string, times: readonly number[]): BenchRow {
  const { n, median, p95, p99 } = percentiles(times);
  const obeyed = `${times.filter((ms) => ms <= LIMIT_MS).length} of ${n}`;
  return { what, values: { n, obeyed, median, p95, p99, most: Math.max(...times) }, budget: `p95 < ${LIMIT_MS}` };
}
