import { describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { interrupt, runtimeSettings, volume } from '#shared/contract/control.ts';
import { alert, speakerState } from '#shared/contract/speaker.ts';
import { turn } from '#shared/contract/thinker.ts';
import { coded, settled, speakerBench } from './speaker-bench.ts';

const { bench } = speakerBench();

describe('the speaker', () => {
  it('plays a turn exactly and tells the bus when its last sample has left the device', async () => {
    const { say, play, told, states } = await bench();
    await say(7, 0, 1_000, true);
    expect(await play(1_200)).toEqual([...coded(0, 1_000), ...new Array(200).fill(0)]);
    await play(240);
    expect(told()).toEqual(['7 started 0', '7 finished 1000']);
    expect(states.map(({ state }) => state)).toEqual(['idle', 'speaking', 'idle']);
  });

  it('takes back what somebody else says of it', async () => {
    const { say, play, publish, states, clock } = await bench();
    await say(7, 0, 5_000);
    await play(600);
    const idle = { state: 'idle' as const, volume: 1, output: 'made up', since: 1 };
    await publish(speakerState, idle);
    clock.advance(200);
    await settled();
    expect(states.slice(-2)).toMatchObject([idle, { state: 'speaking', turn: 7, output: 'test device' }]);
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

  it('plays all that was published of a turn that failed, and drops one of which nothing was', async () => {
    const { hub, say, play, publish, told } = await bench();
    await say(7, 0, 200);
    hub.disconnect();
    await say(7, 200, 1_000);
    await say(9, 0, 300);
    hub.reconnect();
    const failed = { state: 'failed' as const, backend: 'live' as const, at: 1 };
    await publish(turn, { turn: 7, ...failed, timings: { firstAudio: 1 } });
    await publish(turn, { turn: 8, ...failed, timings: {} });
    await publish(turn, { turn: 9, ...failed, timings: { firstAudio: 1 } });
    await say(7, 1_200, 0, true);
    await say(9, 300, 0, true);
    await say(8, 0, 500, true);
    expect(await play(1_600)).toEqual([...coded(0, 1_200), ...coded(0, 300), ...new Array(100).fill(0)]);
    await play(240);
    expect(told()).toEqual(['7 started 0', '9 started 0', '7 finished 1200', '9 finished 300']);
  });

  it('waits no longer than a second for more of a turn that failed', async () => {
    const { say, play, publish, silenceThinker, clock, told } = await bench();
    await say(7, 0, 2_000);
    silenceThinker();
    await publish(turn, { turn: 7, state: 'failed', backend: 'live', timings: { firstAudio: 1 }, at: 1 });
    clock.advance(1_000);
    await settled();
    expect(await play(2_000)).toEqual([...coded(0, 2_000)]);
    await play(240);
    expect(told()).toEqual(['7 started 0', '7 finished 2000']);
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

  it('obeys what was switched before it was started', async () => {
    const hub = new MemoryHub();
    hub.bus().publish(volume, { volume: 0.5 });
    hub.bus().publish(runtimeSettings, { bargeIn: 'off' });
    const { say, play, publish } = await bench({ hub });
    await say(7, 0, 5_000);
    await publish(speech, { utterance: 1, state: 'possible', probability: 0.8, speechMs: 64, at: 1 });
    await play(240);
    expect(await play(1)).toEqual([121]);
    await publish(runtimeSettings, { muted: true });
    const { say: sayLater, play: playLater } = await bench({ hub, me: '2:2', dead: new Set(['1:1']) });
    await sayLater(8, 0, 5_000);
    expect(await playLater(1_000)).toEqual(new Array(1_000).fill(0));
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
