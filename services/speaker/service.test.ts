import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { speech } from '#shared/contract/audio-in.ts';
import type { Channel } from '#shared/contract/channel.ts';
import { interrupt, runtimeSettings, volume } from '#shared/contract/control.ts';
import { alert, type Playback, playback, type SpeakerState, speakerState } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend, turn } from '#shared/contract/thinker.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import type { OutputHooks } from './outputs/output.ts';
import { startSpeaker } from './service.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
/** A signal whose every sample tells its position (within 20,000). */
const coded = (from: number, count: number) => Int16Array.from({ length: count }, (_unused, index) => from + index + 1);

let stateDir = '';
const running = new Set<{ stop(): Promise<unknown> }>();
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'speaker-'));
});
afterEach(async () => {
  for (const each of [...running]) await each.stop();
  rmSync(stateDir, { recursive: true });
});

interface BenchOptions {
  speak?: (text: string) => Promise<Int16Array>;
  hub?: MemoryHub;
  clock?: ManualClock;
  me?: string;
  dead?: Set<string>;
  /** The output is the predecessor's own. */
  continues?: boolean;
  /** Samples of the output that die with the process. */
  perishable?: number;
  /** Resolves when the output is open. */
  opening?: Promise<void>;
}

async function bench(options: BenchOptions = {}) {
  const { hub = new MemoryHub(), clock = manualClock(), me = '1:1', dead = new Set<string>() } = options;
  const meters = new Meters();
  const used: string[] = [];
  let device: OutputHooks | undefined;
  let isAlone = false;
  const speaker = await startSpeaker(
    {
      settings: loadSettings({ CORTEX_AUDIO_OUTPUT: 'null', CORTEX_STATE_DIR: stateDir }),
      log: createLog('speaker', 'silent'),
      clock,
      meters,
      bus: hub.bus(),
      fail: (error) => {
        throw error;
      },
      describe: (uses) => used.push(uses),
    },
    {
      processes: { me, isAlive: (identity) => !dead.has(identity) },
      speak: options.speak ?? (() => Promise.reject(new Error('no voice'))),
      openOutput: async (hooks) => {
        await options.opening;
        device = hooks;
        void hooks.alone().then(() => {
          isAlone = true;
        });
        return {
          name: 'test device',
          continues: options.continues === true,
          unheardSamples: () => 240,
          perishableSamples: () => options.perishable ?? 240,
          close: () => Promise.resolve(),
        };
      },
    },
  );
  const bus = hub.bus();
  const heard: Playback[] = [];
  const states: SpeakerState[] = [];
  await bus.subscribe(playback, ({ payload }) => heard.push(payload));
  await bus.subscribe(speakerState, ({ payload }) => states.push(payload));
  const publisher = await startPcmPublisher(bus, { pcm: replyPcm, resend: replyResend }, 1_000_000);
  const it = {
    hub,
    bus,
    clock,
    meters,
    used,
    states,
    told: () => heard.map(({ turn: number, state, position }) => `${number} ${state} ${position}`),
    async say(stream: number, from: number, count: number, last = false) {
      publisher.publish({
        sampleRateHz: 24_000,
        stream,
        position: from,
        timeUs: 0,
        first: from === 0,
        last,
        resent: false,
        samples: coded(from, count),
      });
      await settled();
    },
    /** What the device gets for its next `count` samples. */
    async play(count: number) {
      const block = device?.source(count) ?? new Int16Array(0);
      device?.handedOver();
      await settled();
      return [...block];
    },
    async publish<Payload>(channel: Channel<Payload>, payload: Payload) {
      bus.publish(channel, payload);
      await settled();
    },
    /** Whether it knows that nobody else uses its output any more. */
    isAlone: () => isAlone,
    /** As SIGINT. Resolves when it has said its last word; what it still has to hand over has to be played. */
    async leave() {
      running.delete(it);
      void speaker.stop().then(() => dead.add(me));
      await settled();
    },
    /** As SIGINT; returns what was still handed to the device. */
    async stop() {
      running.delete(it);
      const stopping = speaker.stop();
      await settled();
      const rest = await it.play(4_800);
      dead.add(me);
      await stopping;
      return rest;
    },
    /** The thinker answers nobody any more. */
    silenceThinker: () => publisher.stop(),
    /** As SIGKILL: not another word, not another call. */
    async kill() {
      running.delete(it);
      dead.add(me);
      await settled();
    },
    lose: async () => {
      device?.lost(new CortexError('output-lost', 'unplugged'));
      await settled();
    },
  };
  running.add(it);
  return it;
}

describe('the speaker', () => {
  it('plays a turn exactly and tells the bus when its last sample has left the device', async () => {
    const { say, play, told, states } = await bench();
    await say(7, 0, 1_000, true);
    expect(await play(1_200)).toEqual([...coded(0, 1_000), ...new Array(200).fill(0)]);
    await play(240);
    expect(told()).toEqual(['7 started 0', '7 finished 1000']);
    expect(states.map(({ state }) => state)).toEqual(['idle', 'speaking', 'idle']);
  });

  it('says what it uses', async () => {
    const { used, states } = await bench();
    await settled();
    expect(used).toEqual(['test device']);
    expect(states.at(-1)).toMatchObject({ output: 'test device' });
  });

  it('pauses at possible speech and goes on at the exact sample when it was a cough', async () => {
    const { say, play, publish, told } = await bench();
    await say(7, 0, 5_000);
    await play(600);
    await publish(speech, { utterance: 1, state: 'possible', probability: 0.8, speechMs: 64, at: 1 });
    const pausing = await play(600);
    expect(pausing.slice(120)).toEqual(new Array(480).fill(0));
    await publish(speech, { utterance: 1, state: 'discarded', probability: 0, speechMs: 90, at: 2 });
    await play(240);
    expect(await play(100)).toEqual([...coded(960, 100)]);
    expect(told()).toEqual(['7 started 0', '7 paused 720', '7 resumed 720']);
  });

  it('resumes by itself when nobody says how the utterance went on', async () => {
    const { say, play, publish, clock, told } = await bench();
    await say(7, 0, 5_000);
    await play(600);
    await publish(speech, { utterance: 1, state: 'possible', probability: 0.8, speechMs: 64, at: 1 });
    await play(600);
    clock.advance(3_000);
    await play(600);
    expect(told()).toContain('7 resumed 720');
  });

  it('drops the turn for ever at an interrupt, whatever arrives late', async () => {
    const { say, play, publish, told } = await bench();
    await say(7, 0, 5_000);
    await play(600);
    await publish(interrupt, { id: 'i', source: 'operator', at: 1 });
    await play(600);
    await say(7, 5_000, 5_000, true);
    expect(await play(1_000)).toEqual(new Array(1_000).fill(0));
    expect(told()).toEqual(['7 started 0', '7 interrupted 720']);
  });

  it('plays the answer to the words that interrupted', async () => {
    const { say, play, publish, told } = await bench();
    await say(7, 0, 5_000);
    await play(600);
    await publish(turn, { turn: 8, utterance: 3, state: 'listening', backend: 'live', at: 1 });
    await publish(interrupt, { id: 'i', source: 'barge-in', utterance: 3, at: 1 });
    await say(8, 0, 1_000, true);
    await play(3_000);
    expect(told()).toEqual(['7 started 0', '7 interrupted 720', '8 started 0', '8 finished 1000']);
  });

  it('asks the thinker for what the broker lost', async () => {
    const { hub, say, play, clock } = await bench();
    await say(7, 0, 2_000);
    hub.disconnect();
    await say(7, 2_000, 1_000);
    hub.reconnect();
    await settled();
    await say(7, 3_000, 1_000, true);
    clock.advance(200);
    await settled();
    expect(await play(4_000)).toEqual([...coded(0, 4_000)]);
  });

  it('turns the volume in a ramp and mutes without stopping', async () => {
    const { say, play, publish, told } = await bench();
    await say(7, 0, 5_000, true);
    await publish(volume, { volume: 0.5 });
    await play(240);
    expect(await play(1)).toEqual([121]);
    await publish(runtimeSettings, { muted: true });
    await play(240);
    expect(await play(5_000)).toEqual(new Array(5_000).fill(0));
    expect(told().at(-1)).toBe('7 finished 5000');
  });

  it('plays an earcon over the quieter reply at once', async () => {
    const { say, play, publish } = await bench();
    await say(7, 0, 15_000, true);
    await play(240);
    await publish(alert, { id: 'a', earcon: 'danger' });
    const block = await play(2_400);
    expect(Math.max(...block)).toBeGreaterThan(10_000);
  });

  it('pauses the reply for a spoken alert and resumes at the exact sample', async () => {
    const { say, play, publish, told } = await bench({ speak: () => Promise.resolve(new Int16Array(500).fill(99)) });
    await say(7, 0, 15_000, true);
    await play(600);
    await publish(alert, { id: 'a', text: 'Stop, a car.' });
    const block = await play(600);
    expect(block.slice(120, 500)).toEqual(new Array(380).fill(99));
    await play(240);
    expect(await play(10)).toEqual([...coded(960, 10)]);
    expect(told()).toEqual(['7 started 0', '7 paused 720', '7 resumed 720']);
  });

  it('sounds an alert without a voice as an earcon', async () => {
    const { play, publish, meters } = await bench();
    await publish(alert, { id: 'a', text: 'Watch out.' });
    expect(Math.max(...(await play(2_400)))).toBeGreaterThan(10_000);
    expect(meters.snapshot(0).counters).toMatchObject({ alertsWithoutVoice: 1 });
  });

  it('says that it speaks while an alert sounds without a reply: the microphone hears it just as well', async () => {
    const { play, publish, states } = await bench({ speak: () => Promise.resolve(new Int16Array(500).fill(99)) });
    await publish(alert, { id: 'a', text: 'The microphone is back.' });
    await play(240);
    await play(600);
    await settled();
    expect(states.slice(-2).map(({ state }) => state)).toEqual(['speaking', 'idle']);
  });

  it('opens a lost device again and plays what that one never played', async () => {
    const { say, play, lose, clock, used } = await bench();
    await say(7, 0, 5_000);
    await play(600);
    await lose();
    clock.advance(100);
    await settled();
    expect(used).toEqual(['test device', 'none (unplugged)', 'test device']);
    await play(240);
    expect(await play(100)).toEqual([...coded(600, 100)]);
  });
});

describe('a speaker and its successor', () => {
  async function pair(options: Pick<BenchOptions, 'perishable'> = {}) {
    const shared = { hub: new MemoryHub(), clock: manualClock(), dead: new Set<string>() };
    const first = await bench({ ...shared, ...options, me: '1:1' });
    await first.say(7, 0, 10_000);
    await first.play(600);
    const successor = () => bench({ ...shared, me: '2:2' });
    const successorOnSameOutput = () => bench({ ...shared, me: '2:2', perishable: 0, continues: true });
    return { ...shared, first, successor, successorOnSameOutput };
  }

  /** Everything of a block that is not silence. */
  const voice = (block: number[]) => block.filter((sample) => sample !== 0);

  it('stays silent beside its predecessor and goes on at the very next sample when that one stops', async () => {
    const { first, successor } = await pair();
    const second = await successor();
    expect(voice(await second.play(600))).toEqual([]);
    const heard = [...(await first.play(240)), ...voice(await first.stop()), ...voice(await second.play(9_000))];
    expect(heard).toEqual([...coded(600, heard.length)]);
    expect(heard.length).toBeGreaterThan(2_000);
  });

  it('says beforehand where it will stop, and the successor begins when that has been heard', async () => {
    const { first, successor, clock } = await pair();
    const second = await successor();
    const rest = await first.stop();
    expect(voice(rest)).toHaveLength(150 * 24);
    // Both devices are equally deep here, so the silence is the time until that stop and 8 ms to be safe.
    const block = await second.play(6_000);
    expect(block.findIndex((sample) => sample !== 0)).toBe((150 + 8) * 24);
    expect(clock.nowMs()).toBe(1_000_000);
  });

  it('on the same output begins when the last sample of its predecessor is handed over, and then at once', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    const second = await successorOnSameOutput();
    await first.leave();
    const rest = voice(await first.play(3_480));
    clock.advance(10);
    await settled();
    expect(second.isAlone()).toBe(false);
    rest.push(...voice(await first.play(240)));
    clock.advance(10);
    await settled();
    expect(second.isAlone()).toBe(true);
    expect(rest).toHaveLength(150 * 24);
    expect(await second.play(240)).toEqual([...coded(600 + rest.length, 240)]);
  });

  it('on the same output begins at once when its predecessor dies with samples still to hand over', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    const second = await successorOnSameOutput();
    await first.leave();
    const rest = voice(await first.play(1_200));
    await first.kill();
    clock.advance(10);
    await settled();
    expect(second.isAlone()).toBe(true);
    expect(await second.play(240)).toEqual([...coded(600 + rest.length, 240)]);
  });

  it('waits for samples it has not got yet when its predecessor dies between last word and last sample', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    first.silenceThinker();
    const second = await successorOnSameOutput();
    await first.leave();
    await first.play(1_200);
    await first.kill();
    clock.advance(10);
    expect(await second.play(240)).toEqual(new Array(240).fill(0));
    await second.say(7, 0, 10_000);
    expect(await second.play(240)).toEqual([...coded(1_800, 240)]);
  });

  it('plays and tells the end of a reply that ends between the last word and the last sample of a killed one', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    await first.say(7, 10_000, 10, true);
    await first.play(8_000);
    const second = await successorOnSameOutput();
    await first.leave();
    await first.play(1_200);
    await first.kill();
    clock.advance(10);
    expect(voice(await second.play(480))).toEqual([...coded(9_800, 210)]);
    await second.play(480);
    expect(second.told().filter((line) => line.includes('finished'))).toEqual(['7 finished 10010']);
  });

  describe('where a period was noted and not written when the predecessor was killed', () => {
    /** The pipe to the device was last written before the record. */
    function leaveUnwritten() {
      const pipe = join(stateDir, 'speaker-aplay.samples');
      writeFileSync(pipe, '');
      const noted = statSync(join(stateDir, 'speaker-playout.json')).mtimeMs / 1_000;
      utimesSync(pipe, noted - 0.005, noted - 0.005);
    }

    it('plays that period, also after the last word', async () => {
      const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
      const second = await successorOnSameOutput();
      await first.leave();
      await first.play(1_200);
      leaveUnwritten();
      await first.kill();
      clock.advance(10);
      expect(await second.play(120)).toEqual([...coded(1_680, 120)]);
    });

    it('does not take the last word itself for the note of a period', async () => {
      const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
      const second = await successorOnSameOutput();
      await first.leave();
      leaveUnwritten();
      await first.kill();
      clock.advance(10);
      expect(await second.play(120)).toEqual([...coded(600, 120)]);
    });
  });

  it('plays on to its last sample with what arrives after its last word', async () => {
    const { first } = await pair();
    await first.play(9_000);
    await first.leave();
    await first.say(7, 10_000, 5_000);
    expect(await first.play(3_600)).toEqual([...coded(9_600, 3_600)]);
  });

  it.each([
    ['has the output it is to go on with', 1_000, true],
    ['cannot have it in time', 2_000, false],
  ])('is ready beside its predecessor when it %s', async (_what, opensAfterMs, isOpen) => {
    const { hub, clock, dead } = await pair();
    let opened = false;
    const opening = new Promise<void>((resolve) => {
      clock.after(opensAfterMs, () => {
        opened = true;
        resolve();
      });
    });
    const openWhenReady = bench({ hub, clock, dead, me: '2:2', opening }).then(() => opened);
    for (let passed = 0; passed < 1_600; passed += 100) {
      await settled();
      clock.advance(100);
    }
    expect(await openWhenReady).toBe(isOpen);
  });

  it('begins as loud as its predecessor ended', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    await first.publish(volume, { volume: 0.5 });
    const second = await successorOnSameOutput();
    await first.stop();
    clock.advance(10);
    await settled();
    expect(await second.play(1)).toEqual([Math.round((600 + 3_600 + 1) / 2)]);
  });

  it('does not say that it speaks of a reply that its predecessor has brought to its end', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    await first.say(7, 10_000, 10, true);
    await first.play(8_000);
    const second = await successorOnSameOutput();
    await first.stop();
    clock.advance(10);
    await settled();
    await second.play(240);
    expect(second.states.at(-1)).toMatchObject({ state: 'idle' });
    await second.say(8, 0, 1_000, true);
    await second.play(1_000);
    await second.play(240);
    expect(second.states.slice(-2).map(({ state }) => state)).toEqual(['speaking', 'idle']);
  });

  it('says at once that it speaks where it goes on in the middle of a reply', async () => {
    const { first, successor } = await pair();
    await first.kill();
    const second = await successor();
    await settled();
    expect(second.states.at(-1)).toMatchObject({ state: 'speaking', turn: 7 });
  });

  it('goes on at the next sample after a restart, with nobody there in between', async () => {
    const { first, successor, clock } = await pair();
    const rest = voice(await first.stop());
    clock.advance(700);
    const second = await successor();
    expect(await second.play(240)).toEqual([...coded(600 + rest.length, 240)]);
    expect(second.told()).toEqual([]);
  });

  it('plays again what died with a killed predecessor', async () => {
    const { first, successor, clock } = await pair();
    await first.kill();
    clock.advance(700);
    const second = await successor();
    expect(await second.play(240)).toEqual([...coded(360, 240)]);
  });

  it('takes over from a predecessor that dies while it stands by', async () => {
    const { first, successor, clock } = await pair();
    const second = await successor();
    await first.kill();
    clock.advance(20);
    await settled();
    expect(voice(await second.play(2_000))[0]).toBe(361);
  });

  it('keeps a dropped turn dropped', async () => {
    const { first, successor, clock, hub } = await pair();
    await first.publish(interrupt, { id: 'i', source: 'operator', at: 1 });
    await first.play(600);
    await first.stop();
    const second = await successor();
    hub.disconnect();
    hub.reconnect();
    await settled();
    clock.advance(20);
    expect(await second.play(2_000)).toEqual(new Array(2_000).fill(0));
  });

  it('keeps a turn dropped whose predecessor was killed in its last ramp', async () => {
    const { first, successor } = await pair({ perishable: 0 });
    await first.publish(interrupt, { id: 'i', source: 'operator', at: 1 });
    await first.play(60);
    await first.kill();
    expect(voice(await (await successor()).play(2_000))).toEqual([]);
  });

  it('obeys an interrupt that the predecessor did not live to hear', async () => {
    const { first, successor, clock } = await pair();
    const second = await successor();
    await first.kill();
    await second.publish(interrupt, { id: 'i', source: 'operator', at: 1 });
    clock.advance(20);
    expect(await second.play(2_000)).toEqual(new Array(2_000).fill(0));
  });

  it('finds the turn that began and ended while no speaker ran', async () => {
    const { first, successor, clock } = await pair();
    await first.say(7, 10_000, 10, true);
    await first.play(12_000);
    await first.stop();
    await first.say(8, 0, 1_000, true);
    clock.advance(700);
    const second = await successor();
    await settled();
    expect(await second.play(1_000)).toEqual([...coded(0, 1_000)]);
    await second.play(240);
    expect(second.told()).toEqual(['8 started 0', '8 finished 1000']);
  });

  it('tells each turn as finished once', async () => {
    const { first, successor, clock } = await pair();
    const second = await successor();
    await first.say(7, 10_000, 10, true);
    await first.play(9_410);
    await first.stop();
    clock.advance(20);
    await second.play(1_000);
    expect(second.told().filter((line) => line.includes('finished'))).toEqual(['7 finished 10010']);
  });

  it('leaves the state topic to the one that speaks', async () => {
    const { first, successor, clock } = await pair();
    const second = await successor();
    await second.play(240);
    expect(second.states.at(-1)).toMatchObject({ state: 'speaking', turn: 7 });
    await first.stop();
    clock.advance(20);
    await second.play(240);
    expect(first.states.filter(({ leaving }) => leaving)).toHaveLength(1);
  });

  it('does not take up a reply of long ago', async () => {
    const { first, successor, clock } = await pair();
    await first.stop();
    clock.advance(60_000);
    const second = await successor();
    expect(voice(await second.play(1_000))).toEqual([]);
  });
});
