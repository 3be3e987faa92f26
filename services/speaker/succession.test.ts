import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { interrupt, volume } from '#shared/contract/control.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { type BenchOptions, coded, settled, speakerBench } from './speaker-bench.ts';

const { bench, stateDir } = speakerBench();

describe('a speaker and its successor', () => {
  async function pair(options: Pick<BenchOptions, 'perishable' | 'closing' | 'takeBack'> = {}) {
    const shared = { hub: new MemoryHub(), clock: manualClock(), dead: new Set<string>() };
    const first = await bench({ ...shared, ...options, me: '1:1' });
    await first.say(7, 0, 10_000);
    await first.play(600);
    const successor = (own: Pick<BenchOptions, 'subscribed' | 'clock'> = {}) => bench({ ...shared, ...own, me: '2:2' });
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

  it.each([-600_000, 600_000])(
    'goes on at the very next sample though the clock was set by %i ms since its predecessor was started',
    async (setByMs) => {
      const { first, clock, successor } = await pair();
      const second = await successor({ clock: manualClock(clock.nowMs() + setByMs) });
      second.clock.advance(20);
      const stopped = voice(await first.stop());
      second.clock.advance(20);
      await settled();
      expect([...stopped, ...voice(await second.play(30_000))].slice(0, 9_000)).toEqual([...coded(600, 9_000)]);
    },
  );

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

  it('is not kept silent by the record of a predecessor whose clock was ahead of ours', async () => {
    const { first, hub, dead } = await pair();
    await first.publish(speech, { utterance: 1, state: 'possible', probability: 0.9, speechMs: 0, at: 1 });
    await first.play(600);
    await first.kill();
    const clock = manualClock(first.clock.nowMs() - 600_000);
    const second = await bench({ hub, clock, dead, me: '2:2' });
    await second.say(8, 0, 5_000, true);
    await second.play(2_000 * 24);
    expect(second.told()).toContain('8 finished 5000');
  });

  it('does not wait once more where its output opens only after the last word', async () => {
    const { first, hub, clock, dead } = await pair();
    let open = (): void => undefined;
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    const starting = bench({ hub, clock, dead, me: '2:2', opening });
    await settled();
    clock.advance(1_500);
    const second = await starting;
    await first.stop();
    clock.advance(100);
    open();
    await settled();
    const block = await second.play(6_000);
    // Of the 150 ms and 8 ms to be safe 90 ms are over; the two devices are equally deep.
    expect(block.findIndex((sample) => sample !== 0)).toBe((150 + 8 - 100) * 24);
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
    const starting = successorOnSameOutput();
    await settled();
    clock.advance(1_500);
    const second = await starting;
    await first.leave();
    await first.play(1_200);
    await first.kill();
    clock.advance(10);
    expect(await second.play(240)).toEqual(new Array(240).fill(0));
    await second.say(7, 0, 10_000);
    expect(await second.play(240)).toEqual([...coded(1_800, 240)]);
  });

  it('is ready when what its predecessor plays has come here, too', async () => {
    const { first, successorOnSameOutput } = await pair({ perishable: 0 });
    first.silenceThinker();
    let ready = false;
    const starting = successorOnSameOutput().then(() => {
      ready = true;
    });
    await settled();
    await first.say(7, 0, 5_000);
    expect(ready).toBe(false);
    await first.say(7, 5_000, 1_000);
    await starting;
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

  it('goes on at once beside one that is killed, however little of the reply has come', async () => {
    const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
    const second = await successorOnSameOutput();
    await first.play(8_400);
    await first.kill();
    clock.advance(10);
    expect(voice(await second.play(480))).toEqual([...coded(9_000, 480)]);
  });

  describe('where a period was noted and not written when the predecessor was killed', () => {
    /** The pipe to the device was last written before the record. */
    function leaveUnwritten() {
      const pipe = join(stateDir(), 'speaker-aplay.samples');
      writeFileSync(pipe, '');
      const noted = statSync(join(stateDir(), 'speaker-playout.json')).mtimeMs / 1_000;
      utimesSync(pipe, noted - 0.005, noted - 0.005);
    }

    /** The pipe to the device was last written with the record, a moment ago. */
    function leaveWritten() {
      const pipe = join(stateDir(), 'speaker-aplay.samples');
      writeFileSync(pipe, '');
      const ago = Date.now() / 1_000 - 0.1;
      for (const path of [pipe, join(stateDir(), 'speaker-playout.json')]) utimesSync(path, ago, ago);
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

    it('does not take the note of one whose device took no more samples for that of a period', async () => {
      const { first, clock, successorOnSameOutput } = await pair({ perishable: 0 });
      const second = await successorOnSameOutput();
      await first.leave();
      await first.play(1_200);
      leaveWritten();
      clock.advance(500);
      await settled();
      clock.advance(10);
      expect(await second.play(120)).toEqual([...coded(1_800, 120)]);
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

  describe('where the predecessor was killed when it had just taken back what its device had not begun to play', () => {
    /** Killed in the middle of that call: what it would have written after it is not there. */
    async function killedTakingBack() {
      let asLeft: Buffer | undefined;
      const path = () => join(stateDir(), 'speaker-playout.json');
      const takeBack = (samples: number) => {
        asLeft = readFileSync(path());
        return Math.min(samples, 1_440);
      };
      const both = await pair({ perishable: 0, takeBack });
      return {
        ...both,
        async successor() {
          await both.first.kill();
          writeFileSync(path(), asLeft ?? '');
          return both.successorOnSameOutput();
        },
      };
    }

    it('plays it again, because nobody has it', async () => {
      const { first, successor } = await killedTakingBack();
      await first.play(1_000);
      await first.play(1_000);
      await first.publish(volume, { volume: 0.5 });
      const second = await successor();
      const half = [...coded(2_600 - 1_440, 240)].map((sample) => Math.round(sample / 2));
      expect(await second.play(240)).toEqual(half);
    });

    it('plays nothing twice where it was silence', async () => {
      const { first, successor, clock } = await killedTakingBack();
      await first.publish(speech, { utterance: 1, state: 'possible', probability: 0.8, speechMs: 64, at: 1 });
      await first.play(120);
      await first.play(1_440);
      await first.publish(speech, { utterance: 1, state: 'discarded', probability: 0, speechMs: 64, at: 1 });
      const second = await successor();
      clock.advance(4_000);
      await settled();
      // Behind the ramp up.
      expect((await second.play(480)).slice(300)).toEqual([...coded(120 + 300, 180)]);
    });
  });

  it('withdraws the evidence of speech it has inherited when nothing more is heard of it', async () => {
    const { first, successor, clock } = await pair();
    await first.publish(speech, { utterance: 1, state: 'possible', probability: 0.8, speechMs: 64, at: 1 });
    await first.play(600);
    await first.kill();
    const second = await successor();
    expect(voice(await second.play(1_200))).toEqual([]);
    clock.advance(3_000);
    expect(voice(await second.play(1_200)).length).toBeGreaterThan(1_000);
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

  it('obeys an interrupt that was given while no speaker ran, and plays what came after it', async () => {
    const { first, hub, successor } = await pair();
    await first.kill();
    const second = await successor({
      subscribed: (topic) => {
        if (topic === interrupt.topic) hub.bus().publish(interrupt, { id: 'i', source: 'operator', at: 1 });
      },
    });
    await second.say(8, 0, 1_000, true);
    expect(voice(await second.play(2_000))).toEqual([...coded(0, 1_000)]);
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

  describe('of a reply whose last sample has been handed over, and is still on its way through the device', () => {
    /** One that has said its last word, and is waiting for the device to play out. */
    async function playingOut() {
      let playedOut = (): void => undefined;
      const closing = new Promise<void>((resolve) => {
        playedOut = resolve;
      });
      const both = await pair({ perishable: 0, closing });
      await both.first.say(7, 10_000, 10, true);
      await both.first.play(9_400);
      await both.first.play(10);
      return {
        ...both,
        async playedOut() {
          playedOut();
          await settled();
        },
        /** Time passes, and the device of the successor plays. */
        async pass(ms: number, second: Awaited<ReturnType<typeof both.successor>>) {
          for (let passed = 0; passed < ms; passed += 20) {
            both.clock.advance(20);
            await second.play(480);
          }
        },
      };
    }
    const ends = (told: string[]) => told.filter((line) => line.includes('finished'));

    it('tells the end when it finds its predecessor killed', async () => {
      const { first, successorOnSameOutput, pass } = await playingOut();
      await first.leave();
      await first.kill();
      const second = await successorOnSameOutput();
      await pass(1_000, second);
      expect(ends(second.told())).toEqual(['7 finished 10010']);
      expect(second.states.at(-1)).toMatchObject({ state: 'idle' });
    });

    it('tells the end when the predecessor is killed beside it', async () => {
      const { first, successorOnSameOutput, pass } = await playingOut();
      const second = await successorOnSameOutput();
      await first.leave();
      await pass(60, second);
      await first.kill();
      await pass(1_000, second);
      expect(ends(second.told())).toEqual(['7 finished 10010']);
    });

    it('leaves it to a predecessor that lives, however long its device takes', async () => {
      const { first, successorOnSameOutput, pass, playedOut } = await playingOut();
      await first.leave();
      const second = await successorOnSameOutput();
      await pass(1_000, second);
      expect(ends(second.told())).toEqual([]);
      await playedOut();
      await first.kill();
      await pass(1_000, second);
      expect(ends(second.told())).toEqual(['7 finished 10010']);
    });

    it('does not tell it again of one that told it and died before anybody followed', async () => {
      const { first, successorOnSameOutput, pass, playedOut } = await playingOut();
      await first.leave();
      await playedOut();
      const second = await successorOnSameOutput();
      await pass(1_000, second);
      expect(ends(second.told())).toEqual([]);
    });

    it('does not tell it again of one whose device had stopped taking samples', async () => {
      const { first, clock, successorOnSameOutput, pass, playedOut } = await playingOut();
      await first.say(8, 0, 5_000);
      await first.play(20);
      const second = await successorOnSameOutput();
      const before = ends(second.told()).length;
      await first.leave();
      clock.advance(500);
      await settled();
      await playedOut();
      await pass(1_000, second);
      expect([...new Set(ends(second.told()))]).toEqual(ends(second.told()));
      expect(before).toBe(0);
    });

    it('tells it still when it is told to stop itself before it could be sure', async () => {
      const { first, clock, successorOnSameOutput } = await playingOut();
      const second = await successorOnSameOutput();
      await first.leave();
      clock.advance(20);
      await second.play(240);
      await first.kill();
      clock.advance(20);
      await second.stop();
      expect(ends(second.told())).toEqual(['7 finished 10010']);
    });

    it('says nothing of an end of long ago', async () => {
      const { first, clock, successorOnSameOutput, pass } = await playingOut();
      await first.leave();
      await first.kill();
      clock.advance(60_000);
      const second = await successorOnSameOutput();
      await pass(1_000, second);
      expect(ends(second.told())).toEqual([]);
    });

    it('knows the end of a stream that came after the last sample was handed over', async () => {
      const { first, successorOnSameOutput, pass, clock } = await pair({ perishable: 0 }).then((both) => ({
        ...both,
        pass: async (second: Awaited<ReturnType<typeof both.successor>>) => {
          both.clock.advance(100);
          await settled();
          await second.play(480);
        },
      }));
      await first.play(12_000);
      await first.kill();
      await first.say(7, 10_000, 0, true);
      clock.advance(700);
      const second = await successorOnSameOutput();
      await pass(second);
      expect(ends(second.told())).toEqual(['7 finished 10000']);
    });
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

  it('contradicts neither its predecessor nor its successor', async () => {
    // It is still there while its device plays out.
    const { first, successor, clock } = await pair({ closing: new Promise(() => undefined) });
    const second = await successor();
    await first.play(4_800);
    clock.advance(500);
    await settled();
    await first.leave();
    await first.play(3_600);
    clock.advance(20);
    await second.play(9_000);
    clock.advance(500);
    await settled();
    const [last] = first.states.slice(-1);
    const said = first.states.length;
    clock.advance(500);
    await settled();
    expect(last).toMatchObject({ state: 'speaking', turn: 7 });
    expect(last?.leaving).toBeUndefined();
    expect(first.states).toHaveLength(said);
  });

  it('is the only one that speaks where two have waited for one that is killed', async () => {
    const { first, hub, clock, dead, successorOnSameOutput } = await pair({ perishable: 0 });
    const second = await successorOnSameOutput();
    const third = await bench({ hub, clock, dead, me: '3:3', perishable: 0, continues: true });
    await first.kill();
    clock.advance(20);
    await settled();
    expect(voice(await second.play(480))).toEqual([...coded(600, 480)]);
    expect(voice(await third.play(480))).toEqual([]);
    await second.kill();
    expect(voice(await third.play(480)).slice(0, 240)).toEqual([...coded(1_080, 240)]);
  });

  it('says its state once and for all where two have waited for the same predecessor', async () => {
    const { first, hub, clock, dead, successorOnSameOutput } = await pair({ perishable: 0 });
    const second = await successorOnSameOutput();
    const third = await bench({ hub, clock, dead, me: '3:3', perishable: 0, continues: true });
    await first.stop();
    clock.advance(20);
    await settled();
    const sounded = voice(await second.play(480));
    // The other one waits for its end in turn.
    expect(voice(await third.play(480))).toEqual([]);
    expect(sounded).toHaveLength(480);
    clock.advance(1_000);
    await settled();
    const said = third.states.length;
    for (let passed = 0; passed < 1_000; passed += 100) {
      clock.advance(100);
      await settled();
    }
    expect(third.states).toHaveLength(said);
    expect(third.states.at(-1)).toMatchObject({ state: 'speaking', turn: 7 });
  });

  it('does not take up a reply of long ago', async () => {
    const { first, successor, clock } = await pair();
    await first.stop();
    clock.advance(60_000);
    const second = await successor();
    expect(voice(await second.play(1_000))).toEqual([]);
  });
});
