import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { speech } from '#shared/contract/audio-in.ts';
import { frame } from '#shared/contract/vision.ts';
import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import { sceneNumber } from '#shared/jpeg/scene-number.ts';
import { ALLOCATOR } from '../cli/pm2.ts';
import { createFakeCamera } from '../test/integration/harness/fake-camera.ts';
import { startTestStack, type TestStack } from '../test/integration/harness/test-stack.ts';
import { cpuSeconds } from './processes.ts';
import { type BenchRow, type BenchTable, percentiles } from './table.ts';
import { drawScene } from './vision-scenes.ts';

/** As in ecosystem.config.js and cli/pm2.ts. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--max-lazy', '--optimize-for-size'];
const ENVIRONMENT = { ...ALLOCATOR, UV_THREADPOOL_SIZE: '1' };
const WARM_UP_MS = 4_000;
const MEASURE_MS = 60_000;
const MEMORY_PERIOD_MS = 500;
const FPS = 2;
/** What Gemini charges for one picture of up to 768×768 pixels (its token documentation). */
const TOKENS_A_FRAME = 258;

/** A camera of 1280×720 at 12 fps on three scenes: what reaches the bus, how fresh, and what the process costs. */
export async function benchVision(): Promise<BenchTable> {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-bench-vision-'));
  const stack = await startTestStack();
  try {
    const rows: BenchRow[] = [];
    for (const scene of ['still', 'walking', 'dark'] as const) {
      const pictures = await drawScene(scene, folder);
      rows.push(await measure(stack, scene, pictures));
      if (scene === 'still') rows.push(await measure(stack, 'still, somebody speaks', pictures, true));
    }
    return { title: `Camera, 1280×720 at ${FPS} fps, ${MEASURE_MS / 1_000} s a scene`, rows };
  } finally {
    await stack.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(stack: TestStack, what: string, pictures: string, speaking = false): Promise<BenchRow> {
  const camera = await createFakeCamera();
  const child = fork('dist/vision.cjs', {
    execArgv: NODE_FLAGS,
    env: {
      ...stack.env,
      ...camera.env(),
      ...ENVIRONMENT,
      FAKE_CAMERA_PICTURES: pictures,
      CORTEX_VIDEO_FPS: String(FPS),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const pid = child.pid ?? 0;
  await once(child, 'message');
  await pause(WARM_UP_MS);
  const found = await observe(stack, pid, speaking);
  child.kill('SIGINT');
  await once(child, 'exit');
  camera.close();

  const { seen, ages, seconds, cpuPercent, pss, own } = found;
  const always = FPS * seconds;
  const scenes = new Set(seen.map((each) => each.scene)).size;
  const { median, p95 } = percentiles(seen.map(({ latencyMs }) => latencyMs));
  return {
    what,
    values: {
      'frames/s': seen.length / seconds,
      'kB/s': seen.reduce((sum, { bytes }) => sum + bytes, 0) / seconds / 1_000,
      'new scenes': scenes,
      'tokens saved': `${Math.round((1 - scenes / always) * 100)} % (${Math.round((always - scenes) * TOKENS_A_FRAME)})`,
      'capture to bus, ms': median,
      'p95, ms': p95,
      'age p99, ms': percentiles(ages).p99,
      'CPU %': cpuPercent,
      'PSS MB': percentiles(pss).median,
      'PSS p95': percentiles(pss).p95,
      'private MB': percentiles(own).median,
    },
    budget: `p95 < 80 ms, < 500 kB/s, PSS < 45 MB, age < ${speaking ? 300 : 2_000} ms`,
    note: 'PSS of a lone process carries more shared pages than in the stack',
  };
}

interface Observation {
  seen: { bytes: number; latencyMs: number; scene: number }[];
  /** Age of the newest frame, looked at every 10 ms. */
  ages: number[];
  seconds: number;
  cpuPercent: number;
  /** MB, looked at every half second: a picture in hand costs some megabytes for some milliseconds. */
  pss: number[];
  own: number[];
}

async function observe(stack: TestStack, pid: number, speaking: boolean): Promise<Observation> {
  const ages: number[] = [];
  const seen: Observation['seen'] = [];
  let takenAtMs: number | undefined;
  const end = await stack.bus.subscribe(frame, ({ payload, retained }) => {
    const capturedAtMs = captureTimeMs(payload);
    if (retained || capturedAtMs === undefined) return;
    takenAtMs = capturedAtMs;
    seen.push({ bytes: payload.length, latencyMs: Date.now() - capturedAtMs, scene: sceneNumber(payload) ?? -1 });
  });
  const said = { utterance: 1, probability: 0.9, speechMs: 60, at: Date.now() };
  if (speaking) stack.bus.publish(speech, { ...said, state: 'started' });
  const sampling = setInterval(() => {
    if (takenAtMs !== undefined) ages.push(Date.now() - takenAtMs);
  }, 10);
  const [pss, own]: [number[], number[]] = [[], []];
  const weighing = setInterval(() => {
    const memory = memoryMb(pid);
    pss.push(memory.pss);
    own.push(memory.own);
  }, MEMORY_PERIOD_MS);
  const [cpuBefore, fromMs] = [cpuSeconds(pid), performance.now()];
  await pause(MEASURE_MS);
  const seconds = (performance.now() - fromMs) / 1_000;
  const cpuPercent = ((cpuSeconds(pid) - cpuBefore) / seconds) * 100;
  clearInterval(sampling);
  clearInterval(weighing);
  end();
  if (speaking) stack.bus.publish(speech, { ...said, state: 'ended' });
  return { seen, ages, seconds, cpuPercent, pss, own };
}

function memoryMb(pid: number): { pss: number; own: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]);
  return { pss: kb('Pss') / 1_024, own: (kb('Private_Clean') + kb('Private_Dirty')) / 1_024 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
