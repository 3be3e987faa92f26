import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Bus } from '#shared/bus/bus.ts';
import { toldOfSubscriptions } from '#shared/bus/told-of-subscriptions.ts';
import { microphonePcm } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import { speakerState } from '#shared/contract/speaker.ts';
import { turn } from '#shared/contract/thinker.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import { testContext } from '#shared/lifecycle/test-context.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { newTurn } from './conversation/turn.ts';
import { fileLeftReply } from './reply/left-reply.ts';
import { startThinker } from './service.ts';

let running: Running | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The first frame of an utterance, as it is sent again for whoever asks. */
function begun(stream: number): PcmFrame {
  const flags = { first: true, last: false, resent: true };
  return { sampleRateHz: 16_000, stream, position: 0, timeUs: 0, ...flags, samples: new Int16Array(320) };
}

/** A thinker that hears the given utterances as soon as it hears anything: somebody else has asked for them. @returns what it reports. */
function startAmong(utterances: readonly number[], left: object): Promise<string[]> {
  return startAnd(microphonePcm, left, (bus) => {
    for (const utterance of utterances) bus.publish(microphonePcm, begun(utterance));
  });
}

/** A thinker after which something happens as soon as it has subscribed to the channel. @returns what it reports. */
async function startAnd(heard: { topic: string }, left: object, happen: (bus: Bus) => void): Promise<string[]> {
  const stateDir = testFolder();
  const context = testContext({ CORTEX_STATE_DIR: stateDir, ENABLE_LIVE_API: 'false' });
  const { bus, hub, clock } = context;
  const stored = { ledger: [], savedAtMs: clock.nowMs(), ...left };
  writeFileSync(join(stateDir, 'conversation.json'), JSON.stringify(stored));
  const reports = new Set<string>();
  await hub.bus().subscribe(turn, ({ payload }) => {
    reports.add(`${payload.turn}: ${payload.state}, utterance ${payload.utterance}`);
  });
  context.bus = toldOfSubscriptions(bus, (topic) => {
    if (topic === heard.topic) happen(hub.bus());
  });
  running = await startThinker(context);
  await settle();
  return [...reports];
}

it('goes on with a question under the number its predecessor has given it, however early its samples come', async () => {
  const reports = await startAmong([7], { waiting: [{ turn: 42, utterance: 7 }] });
  expect(reports).toEqual(['42: listening, utterance 7']);
});

it('takes no settled question for a new one, however early it is shown again', async () => {
  expect(await startAmong([6, 7], { settledUtterance: 7 })).toEqual([]);
});

it('hears what is said by a clock that is behind its predecessor, which gives the same numbers again', async () => {
  const reports = await startAmong([7], { settledUtterance: 7, savedAtMs: 5_000_000 });
  expect(reports).toEqual([expect.stringContaining('listening, utterance 7')]);
});

it.each([
  ['barge-in', 9],
  ['operator', undefined],
] as const)(
  'does not ask for the rest of an answer that was interrupted (%s) while no thinker ran',
  async (source, utterance) => {
    const answering = { phase: 'speaking', replySamples: 100, userText: 'why?', modelText: 'Because it is so.' };
    const left = { active: { ...newTurn(42, 'ask', 'live'), ...answering } };
    const reports = await startAnd(interrupt, left, (bus) =>
      bus.publish(interrupt, { id: 'i', source, at: 1, ...(utterance !== undefined && { utterance }) }),
    );
    expect(reports[0]).toBe('42: failed, utterance undefined');
    expect(reports.at(-1)).toMatch(/^\d+: interrupted/);
  },
);

describe('the sound of an answer that a predecessor has left', () => {
  const outcomes: [string, boolean, (bus: Bus) => void][] = [
    ['nobody has heard to its end', true, () => undefined],
    [
      'was heard to its end while no thinker ran',
      false,
      (bus) =>
        bus.publish(speakerState, { state: 'idle', turn: 42, position: 320, volume: 1, output: 'test', since: 1 }),
    ],
    [
      'is cut before the speaker has begun with it',
      false,
      (bus) => bus.publish(interrupt, { id: 'a', source: 'operator', at: 1 }),
    ],
  ];
  it.each(outcomes)('%s: left on: %s', async (_what, isLeftOn, happen) => {
    const stateDir = testFolder();
    const context = testContext({ CORTEX_STATE_DIR: stateDir, ENABLE_LIVE_API: 'false' });
    const nowMs = context.clock.nowMs();
    const timings = { firstAudio: nowMs, generationComplete: nowMs };
    const playing = [
      { ...newTurn(42, 'speech', 'live', 7), phase: 'speaking', timings, replySamples: 320, generated: true },
    ];
    writeFileSync(join(stateDir, 'conversation.json'), JSON.stringify({ ledger: [], savedAtMs: nowMs, playing }));
    fileLeftReply(stateDir, context.log).leave([{ ...begun(42), sampleRateHz: 24_000, last: true }]);
    utimesSync(join(stateDir, 'reply.pcm'), nowMs / 1_000, nowMs / 1_000);
    const others = context.hub.bus();
    happen(others);
    running = await startThinker(context);
    await settle();
    happen(others);
    await settle();
    await running.stop();
    running = undefined;
    expect(existsSync(join(stateDir, 'reply.pcm'))).toBe(isLeftOn);
  });
});
