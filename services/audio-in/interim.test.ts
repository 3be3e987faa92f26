import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toldOfSubscriptions } from '#shared/bus/told-of-subscriptions.ts';
import { type Handover, handover } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { privacy } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import { giveStopNotice } from '#shared/lifecycle/stop-notice.ts';
import { type TestContext, testContext } from '#shared/lifecycle/test-context.ts';
import { INTERIM_STAY_MS, type Interim, leaveInTime } from './interim.ts';
import { listenerRecord } from './listener-record.ts';
import type { Capture, CaptureListener, Microphone } from './microphone/microphone.ts';
import { ScriptedMicrophone } from './microphone/scripted-microphone.ts';
import { startAudioIn } from './service.ts';

const ME = 100;
/** A process that is spoken of and not there. */
const NOBODY = 300;
const audioInStatus = atTopic(status, { service: 'audio-in' });
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

let stateDir: string;
let context: TestContext;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'audio-in-'));
  context = testContext({ CORTEX_STATE_DIR: stateDir });
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const online = (pid: number, startedAt: number) =>
  context.hub.bus().publish(audioInStatus, { state: 'online', pid, version: '0', startedAt });

describe('audio-in that is told to leave', () => {
  let running: Running;
  let started: number;
  afterEach(() => running.stop());

  async function start(microphone: Microphone): Promise<void> {
    started = 0;
    const interim = {
      start() {
        started += 1;
        return Promise.resolve();
      },
    };
    const voice = { probability: () => 0, reset: () => undefined };
    running = await startAudioIn(context, { microphone, voice, pid: ME, isAlive: (pid) => pid !== NOBODY, interim });
    await settle();
  }

  it('starts an interim process where no successor is to be seen', async () => {
    await start(new ScriptedMicrophone());
    await running.handOver?.();
    expect(started).toBe(1);
  });

  it('starts one also while it is still joining to its own predecessor', async () => {
    online(50, 0);
    const lips = new ScriptedMicrophone();
    const starting = start(lips);
    for (let waits = 0; waits < 5; waits += 1) await settle();
    lips.say(1_000, 0);
    await starting;
    const silent = { phase: 'silent' as const, onset: 0, voicedSamples: 0, voicedUntil: 0, startPosition: 0 };
    const samples = Buffer.alloc(32_000).toString('base64');
    const at = context.clock.nowMs() + 100;
    const left = { utterance: 7, judged: 0, spoken: 0, endpointing: silent, samples, at };
    context.hub.bus().publish(handover, { state: 'left', pid: 50, ...left });
    await settle();
    await running.handOver?.();
    expect(started).toBe(1);
  });

  it('starts none where a successor is there', async () => {
    await start(new ScriptedMicrophone());
    context.hub.bus().publish(handover, { state: 'waiting', pid: 200 });
    await settle();
    await running.handOver?.();
    expect(started).toBe(0);
  });

  it('stays while the broker is away, over which a successor has to be told where to go on', async () => {
    await start(new ScriptedMicrophone());
    context.hub.bus().publish(handover, { state: 'waiting', pid: 200 });
    await settle();
    context.hub.disconnect();
    let left = false;
    const handingOver = running.handOver?.().then(() => {
      left = true;
    });
    await settle();
    expect(left).toBe(false);
    context.hub.reconnect();
    await handingOver;
    expect(started).toBe(0);
  });

  it('starts one where the successor that has been spoken of is not there', async () => {
    await start(new ScriptedMicrophone());
    context.hub.bus().publish(handover, { state: 'waiting', pid: NOBODY });
    await settle();
    await running.handOver?.();
    expect(started).toBe(1);
  });

  it('starts one again after a successor has given up', async () => {
    await start(new ScriptedMicrophone());
    for (const state of ['waiting', 'gone'] as const) context.hub.bus().publish(handover, { state, pid: 200 });
    await settle();
    await running.handOver?.();
    expect(started).toBe(1);
  });

  it('starts none where the user has closed the microphone', async () => {
    await start(new ScriptedMicrophone());
    context.hub.bus().publish(privacy, { microphone: true, camera: false });
    await settle();
    await running.handOver?.();
    expect(started).toBe(0);
  });

  it('starts none where the whole stack is stopped', async () => {
    await start(new ScriptedMicrophone());
    const takeBack = giveStopNotice(stateDir, context.clock.nowMs());
    await running.handOver?.();
    expect(started).toBe(0);
    takeBack();
    await running.handOver?.();
    expect(started).toBe(1);
  });

  it('waits for a broker that is restarted, too, before it starts one', async () => {
    await start(new ScriptedMicrophone());
    context.hub.disconnect();
    const handingOver = running.handOver?.();
    await settle();
    expect(started).toBe(0);
    context.hub.reconnect();
    await handingOver;
    expect(started).toBe(1);
  });

  it('starts none where the broker stays away, over which it would have to take over', async () => {
    await start(new ScriptedMicrophone());
    context.hub.disconnect();
    const handingOver = running.handOver?.();
    context.clock.advance(3_000);
    await handingOver;
    context.hub.reconnect();
    expect(started).toBe(0);
  });

  it('starts none for a recording, of which nothing is missed', async () => {
    const live = new ScriptedMicrophone();
    const open = async (listener: CaptureListener): Promise<Capture> => ({
      ...(await live.open(listener)),
      recorded: true,
    });
    await start({ open });
    await running.handOver?.();
    expect(started).toBe(0);
  });

  it('is forgotten by its successor, which then knows that it is alone', async () => {
    const seen: Handover[] = [];
    await context.hub.bus().subscribe(handover, ({ payload }) => seen.push(payload));
    online(50, 0);
    const lips = new ScriptedMicrophone();
    const starting = start(lips);
    for (let waits = 0; waits < 5; waits += 1) await settle();
    lips.say(1_000, 0);
    await starting;
    await running.handOver?.();
    expect(started).toBe(0);
    await running.stop();
    await settle();
    expect(seen).toEqual([
      { state: 'waiting', pid: ME },
      { state: 'gone', pid: ME },
    ]);
  });
});

describe('an interim process', () => {
  let left: number;
  let stop: () => unknown;
  beforeEach(async () => {
    left = 0;
    stop = await leaveInTime(context, () => {
      left += 1;
    });
  });
  afterEach(() => stop());

  it('leaves once a younger process is ready, not because of an older one', async () => {
    online(50, context.clock.nowMs() - 1);
    await settle();
    expect(left).toBe(0);
    context.clock.advance(1_000);
    online(200, context.clock.nowMs());
    online(200, context.clock.nowMs());
    await settle();
    expect(left).toBe(1);
  });

  it('leaves by itself where nobody comes', () => {
    context.clock.advance(INTERIM_STAY_MS);
    expect(left).toBe(0);
    context.clock.advance(INTERIM_STAY_MS);
    expect(left).toBe(1);
  });

  it('leaves when the whole stack is stopped', () => {
    giveStopNotice(stateDir, context.clock.nowMs());
    context.clock.advance(250);
    expect(left).toBe(1);
  });

  it('leaves also where no broker ever comes: nobody would know of a microphone that stays open', async () => {
    const voice = { probability: () => 0, reset: () => undefined };
    const nobody = { ...context.hub.bus(), subscribe: () => new Promise<never>(() => undefined) };
    const leave = () => {
      left += 1;
    };
    void startAudioIn(
      { ...context, bus: nobody as never },
      { microphone: new ScriptedMicrophone(), voice, interim: { leave } },
    );
    await settle();
    await stop();
    context.clock.advance(2 * INTERIM_STAY_MS);
    expect(left).toBe(1);
  });

  /** What an audio-in says of itself beside a broker that has been restarted and knows of nobody yet. */
  async function saysBesideFreshBroker(interim: Interim): Promise<Handover[]> {
    const seen: Handover[] = [];
    await context.hub.bus().subscribe(handover, ({ payload }) => seen.push(payload));
    const voice = { probability: () => 0, reset: () => undefined };
    const lips = new ScriptedMicrophone();
    const starting = startAudioIn(context, { microphone: lips, voice, pid: ME, isAlive: () => true, interim });
    for (let waits = 0; waits < 5; waits += 1) await settle();
    lips.say(1_000, 0);
    const running = await starting;
    await running.stop();
    return seen;
  }

  it('waits for the process that has started it, also where a restarted broker knows of nobody yet', async () => {
    const seen = await saysBesideFreshBroker({ leave: () => undefined, predecessor: 50 });
    expect(seen[0]).toEqual({ state: 'waiting', pid: ME });
  });

  it('waits for the process that is noted to have the microphone, as long as that lives', async () => {
    listenerRecord(stateDir).note(process.pid);
    expect((await saysBesideFreshBroker({}))[0]).toEqual({ state: 'waiting', pid: ME });
    writeFileSync(join(stateDir, 'audio-in-listener'), `${process.pid}:1`);
    expect((await saysBesideFreshBroker({}))[0]).toEqual({ state: 'taken', pid: ME });
  });

  it('takes over a blocked microphone from one that leaves while it is still starting', async () => {
    const { hub, bus } = context;
    const others = hub.bus();
    others.publish(privacy, { microphone: true, camera: false });
    listenerRecord(stateDir).note(process.pid);
    context.bus = toldOfSubscriptions(bus, (topic) => {
      const silent = { phase: 'silent' as const, onset: 0, voicedSamples: 0, voicedUntil: 0, startPosition: 0 };
      const left = { utterance: 7, judged: 0, spoken: 0, endpointing: silent, samples: '', at: context.clock.nowMs() };
      if (topic === handover.topic) others.publish(handover, { ...left, state: 'left', pid: process.pid });
    });
    const seen: Handover[] = [];
    await others.subscribe(handover, ({ payload }) => seen.push(payload));
    writeFileSync(join(stateDir, 'privacy.json'), JSON.stringify({ microphone: true, camera: false }));
    const voice = { probability: () => 0, reset: () => undefined };
    const parts = { microphone: new ScriptedMicrophone(), voice, pid: ME, isAlive: () => true };
    const running = await startAudioIn(context, parts);
    expect(seen.at(-1)).toEqual({ state: 'taken', pid: ME });
    await running.stop();
  });

  it('notes that it has the microphone', async () => {
    const voice = { probability: () => 0, reset: () => undefined };
    const parts = { microphone: new ScriptedMicrophone(), voice, pid: process.pid, isAlive: () => true };
    const running = await startAudioIn(context, parts);
    expect(listenerRecord(stateDir).find()).toBe(process.pid);
    await running.stop();
  });
});
