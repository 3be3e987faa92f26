import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fallback } from '#shared/contract/control.ts';
import { decision } from '#shared/contract/layers.ts';
import { transcript } from '#shared/contract/thinker.ts';
import { describeWith } from './harness/requires.ts';
import { type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';
import { installTinyModels } from './harness/tiny-models.ts';

/** For a machine under load. */
const PATIENCE_MS = 20_000;

let modelsDir = '';
let bench: ThinkerBench;

beforeEach(async () => {
  modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
  installTinyModels(modelsDir);
  bench = await thinkerBench({ environment: { CORTEX_MODELS_DIR: modelsDir } });
  const { bus, until, sessions } = bench;
  await until(sessions, ({ state }) => state === 'connected', PATIENCE_MS);
  bus.publish(fallback, { level: 'offline', reason: 'test', since: bench.clockNow() });
});
afterEach(async () => {
  await bench.stop();
  rmSync(modelsDir, { recursive: true });
});

describeWith(['espeak-ng'], 'a question while the network is away', () => {
  it('is understood, answered and spoken by the device itself', async () => {
    const { until, turns, transcripts, frames } = bench;
    const utterance = await bench.speak(1);
    const done = await until(turns, ({ state }) => state === 'done', PATIENCE_MS);
    expect(done).toMatchObject({ backend: 'offline', utterance });
    expect(transcripts).toContainEqual(expect.objectContaining({ role: 'user', text: 'volume up', final: true }));
    expect(transcripts).toContainEqual(
      expect.objectContaining({ role: 'model', text: expect.stringMatching(/^I am offline.*cannot answer that\.$/) }),
    );
    const spoken = frames.filter(({ stream }) => stream === done.turn);
    expect(spoken.reduce((sum, { samples }) => sum + samples.length, 0)).toBeGreaterThan(8_000);
  });

  it('is left to the router where it is a command', async () => {
    const { bus, until, turns, frames } = bench;
    await bus.subscribe(transcript, ({ payload: { role, final, turn, text } }) => {
      if (role !== 'user' || !final) return;
      bus.publish(decision, { turn, text, layer: 1, intent: 'louder', confidence: 1, at: bench.clockNow() });
    });
    await bench.speak(1);
    const over = await until(turns, ({ state }) => state === 'done' || state === 'failed', PATIENCE_MS);
    expect(over).toMatchObject({ state: 'done', backend: 'offline' });
    expect(frames.reduce((sum, { samples }) => sum + samples.length, 0)).toBe(0);
  });
});
