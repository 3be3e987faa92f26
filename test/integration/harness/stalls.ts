import { Worker } from 'node:worker_threads';

/** Longer than a sound card's buffer: what is played and captured meanwhile is cut into pieces. */
const STALL_MS = 50;

/**
 * Runs in a thread of its own, so that work of the test itself is not taken for a standstill. It looks whether it wakes in time,
 * and at what the kernel counts, in hundredths of a second, as taken by the host from one of the processors.
 */
const WATCH = `
  const { readFileSync } = require('node:fs');
  const { workerData } = require('node:worker_threads');
  const [LOOK_EVERY_MS, COUNT_EVERY_MS, TICK_MS] = [5, 100, 10];
  const found = new Int32Array(workerData);
  const never = new Int32Array(new SharedArrayBuffer(4));
  const note = (ms) => {
    if (ms <= ${STALL_MS}) return;
    Atomics.add(found, 0, 1);
    Atomics.store(found, 1, Math.max(ms, Atomics.load(found, 1)));
  };
  const stolenMs = () => {
    try {
      const processors = readFileSync('/proc/stat', 'utf8').split('\\n').filter((line) => /^cpu\\d/.test(line));
      return processors.map((line) => Number(line.split(' ')[8] ?? 0) * TICK_MS);
    } catch {
      return [];
    }
  };
  let [lookedMs, countedMs, stolen] = [performance.now(), performance.now(), stolenMs()];
  for (;;) {
    Atomics.wait(never, 0, 0, LOOK_EVERY_MS);
    const nowMs = performance.now();
    const lateMs = Math.round(nowMs - lookedMs) - LOOK_EVERY_MS;
    note(lateMs);
    lookedMs = nowMs;
    if (nowMs - countedMs < COUNT_EVERY_MS) continue;
    const now = stolenMs();
    if (lateMs < COUNT_EVERY_MS) note(Math.max(0, ...now.map((ms, processor) => ms - (stolen[processor] ?? ms))));
    [countedMs, stolen] = [nowMs, now];
  }`;

/** Notices when the machine stands still, whole or one of its processors, as crowded and virtual ones do. */
export class Stalls {
  private readonly found = new Int32Array(new SharedArrayBuffer(8));
  private readonly worker = new Worker(WATCH, { eval: true, workerData: this.found.buffer });

  constructor() {
    this.worker.unref();
  }

  /** Forgets what was before. */
  reset(): void {
    this.found.fill(0);
  }

  /** How often since. */
  get count(): number {
    return Atomics.load(this.found, 0);
  }

  /** ms: the longest, or the most that the host took from one processor within a tenth of a second. */
  get longestMs(): number {
    return Atomics.load(this.found, 1);
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
