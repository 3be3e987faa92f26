import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alert, alert } from '#shared/contract/speaker.ts';
import { testContext } from '#shared/lifecycle/test-context.ts';
import type { Clock } from '#shared/time/clock.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { autoCamera } from './auto-camera.ts';
import type { Camera } from './camera.ts';
import { captureDevices } from './capture-devices.ts';
import { createEye } from './eye.ts';
import { RetainedFrame } from './retained-frame.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Takes five pictures a second, and counts who has it open. */
function camera(name: string, clock: Clock): Camera & { users: number } {
  return {
    name,
    users: 0,
    open(listener) {
      this.users += 1;
      const picture = { kind: 'file', bytes: Uint8Array.of(1) } as const;
      const cancel = clock.every(200, () => listener.captured({ picture, capturedAtMs: clock.nowMs() }));
      return {
        close: async () => {
          cancel();
          this.users -= 1;
        },
      };
    },
  };
}

describe('auto on a machine without a camera', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'video-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function plugIn(): void {
    mkdirSync(join(folder, 'video0'));
    writeFileSync(join(folder, 'video0', 'name'), 'USB camera\n');
    writeFileSync(join(folder, 'video0', 'index'), '0\n');
  }

  it('looks on until a webcam appears, lets go of the test picture and opens the webcam', async () => {
    const clock = manualClock();
    const devices = captureDevices(folder);
    const [standIn, webcam] = [camera('test picture', clock), camera('webcam', clock)];
    const auto = autoCamera(standIn, async () => (devices.webcam() ? webcam : undefined), clock);
    const ended: string[] = [];
    const listener = { captured: () => undefined, ended: (reason: string) => ended.push(reason) };
    const open = auto.open(listener);
    clock.advance(60_000);
    await settle();
    expect([auto.name, ended, standIn.users]).toEqual(['test picture', [], 1]);
    plugIn();
    clock.advance(3_000);
    await settle();
    expect([auto.name, ended, standIn.users]).toEqual(['webcam', ['webcam has been plugged in'], 0]);
    await open.close();
    auto.open(listener);
    expect([standIn.users, webcam.users]).toEqual([0, 1]);
  });

  it('does not look while it is closed', async () => {
    const clock = manualClock();
    let looks = 0;
    const auto = autoCamera(
      camera('test picture', clock),
      async () => {
        looks += 1;
        return undefined;
      },
      clock,
    );
    const open = auto.open({ captured: () => undefined, ended: () => undefined });
    await open.close();
    clock.advance(60_000);
    expect(looks).toBe(0);
  });

  it('says so: in the status and to the user', async () => {
    const context = testContext({ CORTEX_CAMERA: 'auto' });
    const { clock, hub, uses } = context;
    const alerts: Alert[] = [];
    await hub.bus().subscribe(alert, ({ payload }) => alerts.push(payload));
    let plugged: Camera | undefined;
    const auto = autoCamera(camera('test picture', clock), async () => plugged, clock);
    const processor = {
      glance: async () => ({ cells: new Uint8Array(768).fill(100), brightness: 100 }),
      encode: async () => Uint8Array.of(1),
    };
    const eye = createEye(auto, context, processor, new RetainedFrame(() => undefined, clock.nowMs()), () => false);
    async function pass(seconds: number): Promise<void> {
      for (let passedMs = 0; passedMs < seconds * 1_000; passedMs += 100) {
        clock.advance(100);
        await settle();
      }
    }
    eye.open();
    await settle();
    await pass(10);
    expect([uses(), alerts]).toEqual(['test picture', []]);
    plugged = camera('webcam', clock);
    await pass(5);
    expect(uses()).toBe('webcam');
    expect(alerts.map(({ text }) => text)).toEqual(['A camera was plugged in. I can see now.']);
    await eye.stop();
  });
});
