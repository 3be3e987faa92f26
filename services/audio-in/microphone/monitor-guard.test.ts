import { beforeEach, describe, expect, it } from 'vitest';
import { ScriptedSoundServer } from '#shared/audio/scripted-sound-server.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';
import { withoutMonitor } from './monitor-guard.ts';

describe('a microphone behind a sound server', () => {
  let server: ScriptedSoundServer;
  let heard: number[];
  /** Calls of `captured`. */
  let signs: number;
  let lost: string[];
  let device: CaptureListener;
  let closed: boolean;

  beforeEach(() => {
    server = new ScriptedSoundServer();
    server.sinks = ['speaker'];
    server.source = 'lapel';
    heard = [];
    signs = 0;
    lost = [];
    closed = false;
  });

  function open(pid: number | undefined = 7): Promise<Capture> {
    const microphone: Microphone = {
      open(listener) {
        device = listener;
        listener.captured(Int16Array.of(1));
        const close = () => {
          closed = true;
          return Promise.resolve();
        };
        return Promise.resolve({ sampleRateHz: 16_000, uses: 'lips', ...(pid && { pid }), close });
      },
    };
    const listener: CaptureListener = {
      captured: (samples) => {
        signs += 1;
        heard.push(...samples);
      },
      lost: ({ message }) => lost.push(message),
    };
    return withoutMonitor(microphone, server).open(listener, new AbortController().signal);
  }

  it('loses no sample while it is found out where they come from', async () => {
    await open();
    device.captured(Int16Array.of(2));
    const asked = server.change();
    device.captured(Int16Array.of(3));
    expect(heard).toEqual([1, 2]);
    await asked;
    expect(heard).toEqual([1, 2, 3]);
  });

  it('gives a sign of life while its samples wait, for the server may take longer than a device may be silent', async () => {
    await open();
    const asked = server.change();
    signs = 0;
    device.captured(Int16Array.of(2));
    expect({ signs, heard }).toEqual({ signs: 1, heard: [1] });
    await asked;
  });

  it('is refused while the server offers what the loudspeaker plays', async () => {
    server.source = 'speaker.monitor';
    await expect(open()).rejects.toMatchObject({ code: 'no-microphone', retryable: true });
    expect({ heard, closed, watched: server.isWatched }).toEqual({ heard: [], closed: true, watched: false });
  });

  it('is gone when the server moves the stream to what the loudspeaker plays, of which nothing is heard', async () => {
    await open();
    server.source = 'speaker.monitor';
    const asked = server.change();
    device.captured(Int16Array.of(66));
    await asked;
    device.captured(Int16Array.of(66));
    device.lost(new CortexError('no-microphone', 'and once more'));
    expect(heard).toEqual([1]);
    expect(lost).toEqual([expect.stringContaining('speaker.monitor')]);
    expect(server.isWatched).toBe(false);
  });

  it.each([
    ['another microphone', 'webcam'],
    ['the monitor of a sink that is not the loudspeaker', 'cable.monitor'],
    ['somewhere the server does not tell', undefined],
  ])('goes on from %s', async (_title, source) => {
    await open();
    server.source = source;
    await server.change();
    device.captured(Int16Array.of(2));
    expect({ heard, lost }).toEqual({ heard: [1, 2], lost: [] });
  });

  it('that is a recording is nothing to the server', async () => {
    server.source = 'speaker.monitor';
    const capture = await open(0);
    expect({ heard, watched: server.isWatched }).toEqual({ heard: [1], watched: false });
    await capture.close();
  });
});
