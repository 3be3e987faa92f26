import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { offlineModel } from '#shared/offline-models/model-manifest.ts';
import { systemClock } from '#shared/time/clock.ts';
import { SpeechEngine } from '../../services/thinker/backends/offline/speech-engine.ts';
import { describeWith } from './harness/requires.ts';
import { installTinyModels } from './harness/tiny-models.ts';

const never = new AbortController().signal;
const SECOND = new Int16Array(16_000).fill(100);

let modelsDir = '';
let engine: SpeechEngine;
let meters: Meters;

beforeEach(() => {
  modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
  installTinyModels(modelsDir);
  meters = new Meters();
  engine = new SpeechEngine({
    script: 'dist/speech-engine.cjs',
    modelsDir,
    clock: systemClock(),
    log: createLog('test', 'silent'),
    meters,
  });
});
afterEach(() => {
  engine.release();
  rmSync(modelsDir, { recursive: true });
});

describeWith(['espeak-ng'], 'the speech engine with the real library and tiny models', () => {
  it('recognises speech', async () => {
    expect(await engine.recognise(SECOND, never)).toBe('volume up');
    expect(await engine.recognise(SECOND, never)).toBe('volume up');
    expect(meters.snapshot(0).counters).toEqual({ offlineEngineStarts: 1 });
  });

  it('speaks, the longer the text the longer', async () => {
    const short = await engine.speak('A door.', never);
    const long = await engine.speak('There is a wide open door in front of you, and a dog.', never);
    expect(short.sampleRateHz).toBe(24_000);
    expect(short.samples.length).toBeGreaterThan(24_000 * 0.03);
    expect(long.samples.length).toBeGreaterThan(2 * short.samples.length);
    expect(Math.max(...short.samples)).toBeGreaterThan(1_000);
  });

  it('loads both models ahead of their use', async () => {
    await engine.loadAll();
    expect(await engine.recognise(SECOND, never)).toBe('volume up');
    expect((await engine.speak('A door.', never)).samples.length).toBeGreaterThan(0);
    expect(meters.snapshot(0).counters).toEqual({ offlineEngineStarts: 1 });
  });

  it('does not take a recogniser of another kind for one that understands nothing', async () => {
    const { name } = offlineModel('recogniser');
    const other = readFileSync(join(modelsDir, offlineModel('voice').name, 'model.int8.onnx'));
    writeFileSync(join(modelsDir, name, 'encode.int8.onnx'), other);
    await expect(engine.recognise(SECOND, never)).rejects.toThrow(join(modelsDir, name));
    expect(await engine.has('recogniser')).toBe(false);
    expect((await engine.speak('A door.', never)).samples.length).toBeGreaterThan(0);
  });

  it('names the file of voices that does not belong to the model', async () => {
    const voices = join(modelsDir, offlineModel('voice').name, 'voices.bin');
    writeFileSync(voices, Buffer.alloc(64));
    await expect(engine.speak('A door.', never)).rejects.toThrow(voices);
  });
});
