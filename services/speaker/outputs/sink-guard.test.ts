import { beforeEach, describe, expect, it } from 'vitest';
import { ScriptedSoundServer } from '#shared/audio/scripted-sound-server.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import type { Output, OutputHooks } from './output.ts';
import { IN_THE_HEADSET_SAMPLES, onPresentSink } from './sink-guard.ts';

const QUEUED = 720;

describe('an output behind a sound server', () => {
  let server: ScriptedSoundServer;
  let device: OutputHooks;
  let lost: string[];
  let opened: number;

  beforeEach(() => {
    server = new ScriptedSoundServer();
    server.sinks = ['speaker', 'headset'];
    server.sink = 'headset';
    lost = [];
    opened = 0;
  });

  function open(): Promise<Output> {
    const hooks = {
      source: (count: number) => new Int16Array(count),
      lost: ({ message }: CortexError) => lost.push(message),
    } as unknown as OutputHooks;
    return onPresentSink((given) => {
      device = given;
      opened += 1;
      return Promise.resolve({
        name: 'aplay',
        stream: { pid: 7, lose: (why) => given.lost(new CortexError('output-lost', why)) },
        unheardSamples: () => QUEUED,
        perishableSamples: () => 0,
        close: () => Promise.resolve(),
      });
    }, server)(hooks);
  }

  /** Takes a second of samples, by which it is known where they go. */
  async function play(): Promise<void> {
    for (let period = 0; period < 200; period += 1) device.source(120);
    await server.change();
  }

  it('is lost with its sink, wherever the server moves the stream, and what went there is unheard', async () => {
    const output = await open();
    await play();
    server.sinks = ['speaker'];
    server.sink = 'speaker';
    const asked = server.change();
    device.source(240);
    await asked;
    expect(lost).toEqual([expect.stringContaining('headset')]);
    expect(output.unheardSamples()).toBe(QUEUED + 240 + IN_THE_HEADSET_SAMPLES);
    expect(server.isWatched).toBe(false);
  });

  it('is lost with the default sink when that goes before anybody has asked where the stream is', async () => {
    server.sinks = ['headset', 'speaker'];
    await open();
    server.sinks = ['speaker'];
    server.sink = 'speaker';
    await play();
    expect(lost).toEqual([expect.stringContaining('headset')]);
  });

  it('is lost with the sink it was opened on, however soon that goes', async () => {
    await open();
    // What has been asked is answered.
    for (let turn = 0; turn < 10; turn += 1) await undefined;
    server.sinks = ['speaker'];
    server.sink = 'speaker';
    await play();
    expect(lost).toEqual([expect.stringContaining('headset')]);
  });

  it('counts the same as unheard when the device itself has noticed first', async () => {
    const output = await open();
    await play();
    const asked = server.change();
    device.source(240);
    device.lost(new CortexError('output-lost', 'aplay has ended'));
    await asked;
    expect(lost).toEqual(['aplay has ended']);
    expect(output.unheardSamples()).toBe(QUEUED + 240 + IN_THE_HEADSET_SAMPLES);
  });

  it('stays when its user has moved it to another sink, and is lost with that one', async () => {
    await open();
    await play();
    server.sink = 'speaker';
    await server.change();
    server.sinks = ['speaker'];
    await server.change();
    expect(lost).toEqual([]);
    server.sinks = ['auto_null'];
    await server.change();
    expect(lost).toEqual([expect.stringContaining('speaker')]);
  });

  it('stays when the server does not answer', async () => {
    const output = await open();
    await play();
    server.sinks = [];
    await server.change();
    expect(lost).toEqual([]);
    expect(output.unheardSamples()).toBe(QUEUED);
  });

  it('is not opened while the server has nothing but a dummy', async () => {
    server.sinks = ['auto_null'];
    await expect(open()).rejects.toMatchObject({ code: 'no-sink', retryable: true });
    expect(opened).toBe(0);
  });

  it('is told lost once, by whoever notices first, and never after it was closed', async () => {
    const output = await open();
    await play();
    await output.close();
    server.sinks = ['speaker'];
    await server.change();
    expect({ lost, watched: server.isWatched }).toEqual({ lost: [], watched: false });
  });
});
