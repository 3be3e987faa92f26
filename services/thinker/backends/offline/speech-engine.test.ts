import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { type ModelRole, offlineModel } from '#shared/offline-models/model-manifest.ts';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import { SpeechEngine } from './speech-engine.ts';

/** A machine under load takes its time; what is waited for has no limit of its own. */
const EVENTUALLY = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

const here = import.meta.dirname;
const installed = createRequire(import.meta.url).resolve('sherpa-onnx-node');
/** An ONNX model that is neither of ours. */
const SILERO = join(dirname(installed), '../@ricky0123/vad-web/dist/silero_vad_v5.onnx');
const never = new AbortController().signal;

let scripts = '';
let modelsDir = '';
const engines: SpeechEngine[] = [];

/** The engine's process as the build makes it. */
function bundle(name: string, sherpa: string, external: string[]): Promise<unknown> {
  return build({
    entryPoints: [join(here, 'speech-engine-process.ts')],
    outfile: join(scripts, name),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    alias: { 'sherpa-onnx-node': sherpa },
    external,
    logLevel: 'error',
  });
}

beforeAll(async () => {
  scripts = mkdtempSync(join(tmpdir(), 'engine-'));
  modelsDir = join(scripts, 'models');
  await bundle('stand-in.cjs', join(here, 'stand-in-sherpa.fixture.ts'), []);
  await bundle('real.cjs', installed, [installed]);
});
afterEach(() => {
  for (const engine of engines.splice(0)) engine.release();
  rmSync(modelsDir, { recursive: true, force: true });
});
afterAll(() => rmSync(scripts, { recursive: true }));

function put(role: ModelRole, content: (path: string) => Buffer | string = () => 'weights'): string {
  const { name, files } = offlineModel(role);
  for (const { path } of files) {
    const file = join(modelsDir, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content(path));
  }
  return join(modelsDir, name);
}

function engine(script: 'stand-in.cjs' | 'real.cjs') {
  const meters = new Meters();
  const clock: ManualClock = manualClock();
  const made = new SpeechEngine({
    script: join(scripts, script),
    modelsDir,
    clock,
    log: createLog('test', 'silent'),
    meters,
  });
  engines.push(made);
  return { engine: made, clock, counters: () => meters.snapshot(0).counters };
}

describe('the speech engine', () => {
  it('starts at the first request, keeps its models, and starts anew after it was idle for three minutes', async () => {
    put('recogniser');
    const { engine: speech, clock, counters } = engine('stand-in.cjs');
    expect(await speech.recognise(new Int16Array(160), never)).toBe('heard 160 samples, load 1');
    expect(await speech.recognise(new Int16Array(320), never)).toBe('heard 320 samples, load 1');
    expect(counters()['offlineEngineStarts']).toBe(1);
    for (let time = 1; time <= 2; time += 1) {
      clock.advance(179_999);
      await speech.recognise(new Int16Array(1), never);
    }
    expect(counters()['offlineEngineStarts']).toBe(1);
    clock.advance(180_000);
    await speech.recognise(new Int16Array(1), never);
    expect(counters()).toEqual({ offlineEngineStarts: 2 });
  });

  it('speaks, with samples beyond full scale clipped', async () => {
    put('voice');
    const { samples, sampleRateHz } = await engine('stand-in.cjs').engine.speak('Hello.', never);
    expect([...samples]).toEqual([16_383, -32_767]);
    expect(sampleRateHz).toBe(24_000);
  });

  it('lets go of an aborted request at once, and breaks it off so that the next one is served', async () => {
    put('voice');
    const { engine: speech } = engine('stand-in.cjs');
    const controller = new AbortController();
    await speech.speak('warm up', never);
    const endless = speech.speak('endless', controller.signal);
    setImmediate(() => controller.abort());
    await expect(endless).rejects.toThrow('abort');
    expect((await speech.speak('Next.', never)).samples).toHaveLength(2);
  });

  it('starts nothing for a request that was aborted before', async () => {
    put('voice');
    const { engine: speech, counters } = engine('stand-in.cjs');
    await expect(speech.speak('x', AbortSignal.abort())).rejects.toThrow('abort');
    expect(counters()).toEqual({});
  });

  it('survives its process, names the model it died over and does not try that one again', async () => {
    const folder = put('voice');
    put('recogniser');
    const { engine: speech, counters } = engine('stand-in.cjs');
    await expect(speech.speak('abort', never)).rejects.toThrow(folder);
    await expect(speech.speak('Hello.', never)).rejects.toThrow(folder);
    expect(await speech.has('voice')).toBe(false);
    expect(await speech.recognise(new Int16Array(5), never)).toContain('heard 5');
    expect(counters()).toEqual({ offlineEngineStarts: 2, offlineEngineCrashes: 1 });
  });

  it('blames the model, too, when nobody waits any more for what the process died over', async () => {
    const folder = put('voice');
    const { engine: speech } = engine('stand-in.cjs');
    const controller = new AbortController();
    const begun = join(scripts, 'begun');
    const doomed = speech.speak(`die after ${begun}`, controller.signal);
    doomed.catch(() => undefined);
    await expect.poll(() => existsSync(begun), EVENTUALLY).toBe(true);
    controller.abort();
    await expect(doomed).rejects.toThrow('abort');
    await expect.poll(() => speech.has('voice'), EVENTUALLY).toBe(false);
    await expect(speech.speak('Hello.', never)).rejects.toThrow(folder);
  });

  it('fails what waits when it is released, and blames nobody', async () => {
    put('voice');
    const { engine: speech, counters } = engine('stand-in.cjs');
    const endless = speech.speak('endless', never);
    endless.catch(() => undefined);
    await expect.poll(() => counters()['offlineEngineStarts'], EVENTUALLY).toBe(1);
    speech.release();
    await expect(endless).rejects.toThrow('was ended');
    expect(await speech.has('voice')).toBe(true);
  });

  it('tells what the library complains about', async () => {
    put('voice');
    await expect(engine('stand-in.cjs').engine.speak('fail', never)).rejects.toThrow('no such phoneme');
  });

  it('gives up a process that hangs, without blaming the model', async () => {
    put('voice');
    const { engine: speech, clock, counters } = engine('stand-in.cjs');
    const endless = speech.speak('endless', never);
    endless.catch(() => undefined);
    await expect.poll(() => counters()['offlineEngineStarts'], EVENTUALLY).toBe(1);
    clock.advance(30_000);
    await expect(endless).rejects.toThrow('took too long');
    expect((await speech.speak('Hello.', never)).samples).toHaveLength(2);
  });

  it('does not start at all without the files, and names them', async () => {
    const { engine: speech, counters } = engine('stand-in.cjs');
    await expect(speech.recognise(new Int16Array(1), never)).rejects.toThrow(offlineModel('recogniser').name);
    const folder = put('voice');
    rmSync(join(folder, 'voices.bin'));
    await expect(speech.speak('Hello.', never)).rejects.toThrow(`${join(folder, 'voices.bin')} is missing`);
    expect(counters()).toEqual({});
  });
});

describe('the real library', () => {
  it('ends its process over a model that is none of Kokoro, and thinker lives to tell which', async () => {
    const other = readFileSync(SILERO);
    const folder = put('voice', (path) => (path.endsWith('.onnx') ? other : 'a 0\n'));
    const { engine: speech, counters } = engine('real.cjs');
    await expect(speech.speak('Hello.', never)).rejects.toThrow(/metadata.*delete .*kokoro/);
    await expect(speech.speak('Hello.', never)).rejects.toThrow(folder);
    expect(counters()).toEqual({ offlineEngineStarts: 1, offlineEngineCrashes: 1 });
  });

  it('refuses a recogniser that was cut off, by the name of the file', async () => {
    const whole = readFileSync(SILERO);
    const folder = put('recogniser', (path) => (path.endsWith('.onnx') ? whole : 'a 0\n'));
    truncateSync(join(folder, 'preprocess.onnx'), 100_000);
    await expect(engine('real.cjs').engine.recognise(new Int16Array(16_000), never)).rejects.toThrow(
      join(folder, 'preprocess.onnx'),
    );
  });
});
