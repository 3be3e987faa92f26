import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { speakerState } from '#shared/contract/speaker.ts';
import { replyResend } from '#shared/contract/thinker.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const ramp = (samples: number) => Array.from({ length: samples }, (_unused, index) => (index % 30_000) + 1);
const LONG_REPLY = 'The first sentence is here. The second one follows. The third one is the last, and it is long.';

const SHORT_REPLY = 'Hello Ada.';

/** A thinker whose first answer has been delivered whole, and is heard to its middle. */
async function answerBeingPlayed() {
  bench = await thinkerBench({
    deafSpeaker: true,
    scenario: { turns: [{ overallTurn: 1, hears: 'my name is Ada', reply: { kind: 'text', text: SHORT_REPLY } }] },
  });
  const { until, turns, frames, sessions, transcripts } = bench;
  await until(sessions, ({ state }) => state === 'connected');
  await bench.speak(0.3);
  const { position: samples } = await until(frames, ({ last }) => last);
  await until(transcripts, ({ role, final }) => role === 'model' && final);
  const before = await until(turns, ({ state }) => state === 'speaking');
  bench.heard(before.turn, samples / 2, 'progress');
  return { before, samples };
}

/** The samples of frames, each in its place. */
function soundOf(frames: readonly PcmFrame[], length: number): Int16Array {
  const sound = new Int16Array(length);
  for (const { position, samples } of frames) sound.set(samples, position);
  return sound;
}

function remembered({ stateDir }: ThinkerBench): unknown {
  return JSON.parse(readFileSync(join(stateDir, 'conversation.json'), 'utf8')).ledger;
}

describe('a restart of the thinker', () => {
  it('in the middle of a question loses none of it, and resumes the session', async () => {
    bench = await thinkerBench();
    const { until, turns, sessions, simulator, speak } = bench;
    await until(sessions, ({ state, resumable }) => state === 'connected' && resumable);
    const speaking = speak(1.5, { paced: true });
    const before = await until(turns, ({ state }) => state === 'listening');
    await bench.restart();
    const utterance = await speaking;
    const done = await until(turns, ({ state }) => state === 'done');
    expect(done).toMatchObject({ turn: before.turn, utterance });
    expect([...simulator.recording({ connection: 2 })]).toEqual(ramp(24_000));
    expect(simulator.state().sessions.at(-1)?.resumed).toBe(true);
  });

  it('after the question asks it again', async () => {
    bench = await thinkerBench({ scenario: { turns: [{ connection: 1, faults: [{ fault: 'silent' }] }] } });
    const { until, turns, sessions, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(0.5);
    const before = await until(turns, ({ state }) => state === 'thinking');
    await bench.restart();
    const done = await until(turns, ({ state }) => state === 'done');
    expect(done.turn).toBe(before.turn);
    expect([...simulator.recording({ connection: 2 })]).toEqual(ramp(8_000));
  });

  it('answers what was spoken meanwhile from beginning to end, and nothing a second time', async () => {
    bench = await thinkerBench();
    const { until, turns, sessions, hub } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const before = await bench.speak(0.4);
    await until(turns, ({ state, utterance }) => state === 'done' && utterance === before);
    let missed = 0;
    await bench.restart(async () => {
      missed = (await bench?.speak(0.4)) ?? 0;
    });
    await until(turns, ({ state, utterance }) => state === 'done' && utterance === missed);
    // After a reconnection audio-in shows again what it has.
    hub.disconnect();
    hub.reconnect();
    const after = await bench.speak(0.4);
    await until(turns, ({ state, utterance }) => state === 'done' && utterance === after);
    expect(turns.filter(({ state }) => state === 'done').map(({ utterance }) => utterance)).toEqual([
      before,
      missed,
      after,
    ]);
  });

  it('in the middle of an answer says so and gives the rest', async () => {
    bench = await thinkerBench({
      deafSpeaker: true,
      scenario: {
        timing: { ...QUICK, speed: 1 },
        turns: [{ connection: 1, hears: 'what is ahead?', reply: { kind: 'text', text: LONG_REPLY } }],
      },
    });
    const { until, turns, frames, sessions, simulator, meters } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(0.5);
    const before = await until(turns, ({ state }) => state === 'speaking');
    await until(frames, ({ position }) => position > 0);
    await bench.restart();
    const cutOff = await until(turns, ({ state }) => state === 'failed');
    expect(cutOff).toMatchObject({ turn: before.turn, error: { kind: 'restarted', retryable: true } });
    const again = await until(turns, ({ state, turn }) => state === 'speaking' && turn !== before.turn);
    expect(again.turn).toBeGreaterThan(before.turn);
    const told = JSON.stringify(simulator.state().sessions.at(-1)?.remembers);
    expect(told).toContain('what is ahead?');
    expect(meters.snapshot(0).counters['turnsTakenUp']).toBe(1);
  });

  it('while a whole answer is being played follows it to its end, which is told and remembered', async () => {
    const { before, samples } = await answerBeingPlayed();
    if (!bench) throw new Error('no bench');
    const { until, turns, heard, simulator } = bench;
    await bench.restart();
    expect(turns.filter(({ turn }) => turn === before.turn).at(-1)?.state).toBe('speaking');
    heard(before.turn, samples, 'finished');
    const done = await until(turns, ({ turn, state }) => turn === before.turn && state === 'done');
    expect(done).toMatchObject({ heardMs: samples / 24, utterance: before.utterance });
    expect(remembered(bench)).toMatchObject([
      { turn: before.turn, user: 'my name is Ada', heard: SHORT_REPLY, cut: false },
    ]);
    expect(simulator.state().mostAtOnce).toBe(1);
  });

  it('while a whole answer is being played keeps its sound for a speaker that is replaced as well', async () => {
    const { before, samples } = await answerBeingPlayed();
    if (!bench) throw new Error('no bench');
    const { until, turns, frames, bus, heard } = bench;
    const sent = frames.filter(({ stream }) => stream === before.turn);
    await bench.restart();
    frames.length = 0;
    bus.publish(replyResend, { stream: before.turn, from: 0 });
    await until(frames, ({ last }) => last);
    const again = frames.filter(({ stream }) => stream === before.turn);
    expect(again.length).toBeLessThan(sent.length);
    expect(soundOf(again, samples)).toEqual(soundOf(sent, samples));
    heard(before.turn, samples, 'finished');
    await until(turns, ({ turn, state }) => turn === before.turn && state === 'done');
  });

  it('by SIGKILL, a speaker replaced as well, asks for the rest of the answer that nobody has any more', async () => {
    const { before, samples } = await answerBeingPlayed();
    if (!bench) throw new Error('no bench');
    const { until, turns, frames, bus, stateDir, simulator } = bench;
    // Who is killed leaves no sound behind.
    await bench.restart(async () => rmSync(join(stateDir, 'reply.pcm')));
    const asking = setInterval(() => bus.publish(replyResend, { stream: before.turn, from: samples / 2 }), 60);
    const failed = await until(turns, ({ turn, state }) => turn === before.turn && state === 'failed');
    expect(failed.error).toMatchObject({ kind: 'restarted', retryable: true });
    const again = await until(turns, ({ state, turn }) => state === 'speaking' && turn !== before.turn);
    clearInterval(asking);
    expect(frames.find(({ stream, last }) => stream === before.turn && last)).toBeDefined();
    expect(turns.filter(({ turn, state }) => turn > before.turn && state === 'speaking')).toHaveLength(1);
    expect(again.turn).toBeGreaterThan(before.turn);
    const told = JSON.stringify(simulator.state().sessions.at(-1)?.remembers);
    expect(told).toContain('my name is Ada');
  });

  it('by SIGKILL, the answer played to its end before anybody listens again, loses neither its end nor what was heard', async () => {
    const { before, samples } = await answerBeingPlayed();
    if (!bench) throw new Error('no bench');
    const { until, turns, bus, stateDir, clockNow } = bench;
    const memory = join(stateDir, 'conversation.json');
    const asKilled = readFileSync(memory);
    await bench.restart(async () => {
      // An orderly stop stores once more; who is killed does not.
      writeFileSync(memory, asKilled);
      const idle = { state: 'idle', turn: before.turn, position: samples, volume: 1, output: 'o' } as const;
      bus.publish(speakerState, { ...idle, since: clockNow() });
    });
    const done = await until(turns, ({ turn, state }) => turn === before.turn && state === 'done');
    expect(done.heardMs).toBe(samples / 24);
    expect(remembered(bench)).toMatchObject([{ turn: before.turn, heard: SHORT_REPLY, cut: false }]);
  });

  it('lets a question that waits behind an answer keep its number', async () => {
    bench = await thinkerBench({
      deafSpeaker: true,
      scenario: {
        timing: { ...QUICK, speed: 1 },
        turns: [{ connection: 1, hears: 'what is ahead?', reply: { kind: 'text', text: LONG_REPLY } }],
      },
    });
    const { until, turns, sessions } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(0.5);
    await until(turns, ({ state }) => state === 'speaking');
    const utterance = await bench.speak(0.5);
    const waiting = await until(turns, (turn) => turn.utterance === utterance);
    await bench.restart();
    const answered = await until(turns, (turn) => turn.utterance === utterance && turn.state === 'speaking');
    expect(answered.turn).toBe(waiting.turn);
  });

  it('keeps handle and conversation where only their owner may read them', async () => {
    bench = await thinkerBench();
    const { until, turns, sessions, stateDir } = bench;
    await until(sessions, ({ state, resumable }) => state === 'connected' && resumable);
    await bench.speak(0.3);
    await until(turns, ({ state }) => state === 'done');
    for (const file of ['session-handle.json', 'conversation.json']) {
      expect(statSync(join(stateDir, file)).mode & 0o777).toBe(0o600);
    }
  });

  it('tells a new session what was said and heard when Gemini has forgotten the old one', async () => {
    bench = await thinkerBench({
      scenario: { turns: [{ overallTurn: 1, hears: 'my name is Ada', reply: { kind: 'text', text: 'Hello Ada.' } }] },
    });
    const { until, turns, sessions, simulator } = bench;
    await until(sessions, ({ state, resumable }) => state === 'connected' && resumable);
    await bench.speak(0.3);
    await until(turns, ({ state }) => state === 'done');
    simulator.expireHandles();
    await bench.restart();
    await until(
      [simulator],
      () => simulator.state().sessions.at(-1)?.phase !== 'closed' && simulator.state().attempts.length >= 3,
    );
    await until([simulator], () =>
      JSON.stringify(simulator.state().sessions.at(-1)?.remembers).includes('my name is Ada'),
    );
    expect(simulator.state().sessions.at(-1)?.resumed).toBe(false);
    const second = await bench.speak(0.3);
    await until(turns, ({ state, utterance }) => state === 'done' && utterance === second);
  });
});

describe('a reload, in which two thinkers overlap', () => {
  it('never has two sessions, and hands a question over in its middle', async () => {
    bench = await thinkerBench();
    const { until, turns, sessions, simulator, speak } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const endOfPredecessor = await bench.overlap();
    const speaking = speak(1.2, { paced: true });
    const first = await until(turns, ({ state }) => state === 'listening');
    expect(simulator.state().attempts).toHaveLength(1);
    await endOfPredecessor();
    const utterance = await speaking;
    const done = await until(turns, ({ state }) => state === 'done');
    expect(done).toMatchObject({ turn: first.turn, utterance });
    expect(simulator.state().attempts).toHaveLength(2);
    expect(simulator.state().openSockets).toBe(1);
    expect([...simulator.recording({ connection: 2 })]).toEqual(ramp(19_200));
    expect(turns.filter(({ state }) => state === 'done')).toHaveLength(1);
  });

  it('sees an answer through that is being delivered, and leaves the next question to its successor', async () => {
    bench = await thinkerBench({
      deafSpeaker: true,
      scenario: {
        timing: { ...QUICK, speed: 2 },
        turns: [{ connection: 1, reply: { kind: 'coded', seconds: 4 } }],
      },
    });
    const { until, turns, frames, sessions, simulator } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await bench.speak(0.5);
    const answering = await until(frames, ({ position }) => position > 0);
    const endOfPredecessor = await bench.overlap();
    await endOfPredecessor();
    const last = await until(frames, (frame) => frame.last);
    expect(last).toMatchObject({ stream: answering.stream, position: 4 * 24_000 });
    const utterance = await bench.speak(0.5);
    await until(turns, (turn) => turn.utterance === utterance && turn.state === 'speaking');
    expect(turns.some(({ state }) => state === 'failed')).toBe(false);
    expect(simulator.state().openSockets).toBe(1);
    expect(simulator.state().mostAtOnce).toBe(1);
  });
});
