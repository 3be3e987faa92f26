import { expect, test } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { type Fallback, fallback } from '#shared/contract/control.ts';
import { type Decision, decision } from '#shared/contract/layers.ts';
import { transcript } from '#shared/contract/thinker.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { startRouter } from './service.ts';

async function running() {
  const hub = new MemoryHub();
  const clock = manualClock();
  const levels: Fallback[] = [];
  const decisions: Decision[] = [];
  const world = hub.bus();
  await world.subscribe(fallback, ({ payload }) => levels.push(payload));
  await world.subscribe(decision, ({ payload }) => decisions.push(payload));
  const context: ServiceContext = {
    bus: hub.bus(),
    clock,
    settings: loadSettings({}),
    log: createLog('router', 'silent'),
    meters: new Meters(),
    describe: () => undefined,
    fail: (error) => {
      throw error;
    },
  };
  const start = () => startRouter(context);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { world, clock, levels, decisions, start, settle };
}

test('a fresh start publishes level live', async () => {
  const { clock, levels, start, settle } = await running();
  await start();
  clock.advance(250);
  await settle();
  expect(levels).toMatchObject([{ level: 'live' }]);
});

test('a restart leaves the retained level alone', async () => {
  const { world, clock, levels, start, settle } = await running();
  world.publish(fallback, { level: 'http', reason: 'quota', since: 1 });
  await start();
  await settle();
  clock.advance(250);
  await settle();
  expect(levels).toMatchObject([{ level: 'http' }]);
});

test('a final user transcript is decided once, partial and model transcripts never', async () => {
  const { world, clock, decisions, start, settle } = await running();
  const router = await start();
  const said = { turn: 7, text: 'Why is the sky blue?', at: clock.nowMs() };
  world.publish(transcript, { ...said, role: 'user', final: false });
  world.publish(transcript, { ...said, role: 'user', final: true });
  world.publish(transcript, { ...said, role: 'model', final: true });
  await settle();
  expect(decisions).toMatchObject([{ turn: 7, layer: 2, text: said.text }]);
  await router.stop();
  world.publish(transcript, { ...said, turn: 8, role: 'user', final: true });
  await settle();
  expect(decisions).toHaveLength(1);
});
