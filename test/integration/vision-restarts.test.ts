import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { CameraSupervisor } from '../../services/vision/camera-supervisor.ts';
import { processCamera } from '../../services/vision/process-camera.ts';
import { childrenOf, processesIn } from './harness/fake-camera.ts';

/** Twenty times as fast, so that two hundred backoffs fit into a test. */
function hastyClock(): Clock {
  const startedMs = performance.now();
  return {
    nowMs: () => (performance.now() - startedMs) * 20,
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs / 20);
      return () => clearTimeout(timer);
    },
    every(periodMs, task) {
      const timer = setInterval(task, periodMs / 20);
      return () => clearInterval(timer);
    },
  };
}

const openDescriptors = () => readdirSync('/proc/self/fd').length;

describe('two hundred restarts of the capture process', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-restarts-'));
    const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } });
    await picture.jpeg().toFile(join(folder, 'picture.jpg'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['ends after a picture', 'cat picture.jpg; exit 3'],
    ['writes garbage and hangs', 'cat picture.jpg; head -c 100000 /dev/zero; exec sleep 60'],
    ['hangs and will not end when asked to', 'trap "" TERM; cat picture.jpg; sleep 60; exit'],
    ['cannot be started', undefined],
  ])(
    'leave no process and no descriptor behind when it %s',
    async (_what, script) => {
      const file = join(folder, 'capture');
      if (script) writeFileSync(file, `#!/bin/sh\ncd ${folder}\n${script}\n`, { mode: 0o755 });
      const meters = new Meters();
      const context = { clock: hastyClock(), meters, log: createLog('test', 'silent') };
      const camera = { ...processCamera('test', () => ({ file, args: [] }), context), longestRetryMs: 1 };
      const before = { children: childrenOf(process.pid).length, descriptors: openDescriptors() };

      let restarts = 0;
      let pictures = 0;
      await new Promise<void>((resolve) => {
        const supervisor = new CameraSupervisor(camera, context, {
          captured() {
            pictures += 1;
            supervisor.pictureDecoded();
          },
          live: () => undefined,
          lost() {
            restarts += 1;
            if (restarts === 200) resolve(supervisor.stop());
          },
          ticked: () => undefined,
        });
        supervisor.want();
      });

      if (script?.includes('cat')) expect(pictures).toBeGreaterThan(100);
      expect(childrenOf(process.pid).length).toBe(before.children);
      expect(processesIn(folder)).toBe(0);
      expect(openDescriptors()).toBeLessThanOrEqual(before.descriptors + 2);
    },
    240_000,
  );
});
