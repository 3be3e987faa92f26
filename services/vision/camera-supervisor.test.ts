import { afterEach, describe, expect, it } from 'vitest';
import { testContext } from '#shared/lifecycle/test-context.ts';
import type { Camera, CameraListener, Capture } from './camera.ts';
import { CameraSupervisor } from './camera-supervisor.ts';

const capture: Capture = { picture: { kind: 'file', bytes: new Uint8Array(1) }, capturedAtMs: 0 };
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A camera whose device takes its time to be free. */
function slowCamera() {
  const listeners: CameraListener[] = [];
  const release: (() => void)[] = [];
  const camera: Camera = {
    name: 'slow',
    open(listener) {
      listeners.push(listener);
      return { close: () => new Promise<void>((resolve) => release.push(resolve)) };
    },
  };
  return { camera, listeners, release };
}

describe('the supervisor of the camera', () => {
  let stop: () => void = () => undefined;
  afterEach(() => stop());

  function supervised() {
    const slow = slowCamera();
    const context = testContext();
    const seen: string[] = [];
    const supervisor = new CameraSupervisor(slow.camera, context, {
      captured: () => seen.push('captured'),
      live: () => seen.push('live'),
      lost: (reason) => seen.push(`lost: ${reason}`),
      ticked: () => undefined,
    });
    stop = () => void supervisor.stop();
    return { ...slow, ...context, seen, supervisor };
  }

  it('does not open the device before its last user has let go of it', async () => {
    const { supervisor, listeners, release } = supervised();
    supervisor.want();
    await settle();
    void supervisor.unwant();
    supervisor.want();
    await settle();
    expect(listeners).toHaveLength(1);
    release[0]!();
    await settle();
    expect(listeners).toHaveLength(2);
  });

  it('hears nothing any more from a camera it has closed', async () => {
    const { supervisor, listeners, seen } = supervised();
    supervisor.want();
    await settle();
    listeners[0]!.captured(capture);
    void supervisor.unwant();
    listeners[0]!.captured(capture);
    listeners[0]!.ended('too late');
    expect(seen).toEqual(['captured']);
  });

  it('does not open at all what was wanted and refused in one breath', async () => {
    const { supervisor, listeners } = supervised();
    supervisor.want();
    void supervisor.unwant();
    await settle();
    expect(listeners).toEqual([]);
  });

  it('opens again when the camera has ended and let go', async () => {
    const { supervisor, listeners, release, clock, seen } = supervised();
    supervisor.want();
    await settle();
    supervisor.pictureDecoded();
    listeners[0]!.ended('unplugged');
    release[0]!();
    clock.advance(600);
    await settle();
    expect(seen).toEqual(['live', 'lost: unplugged']);
    expect(listeners).toHaveLength(2);
  });
});
