import { describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { Question } from './backends/answer-backend.ts';
import type { Memory } from './conversation/memory-store.ts';
import { newTurn, type Turn } from './conversation/turn.ts';
import { fakeLive } from './live/fake-live.fixture.ts';
import { Thinker } from './thinker.ts';

const FIRST = 100;
const SOUND = Buffer.alloc(4_800).toString('base64');
const ANSWER = {
  serverContent: {
    modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data: SOUND } }] },
    generationComplete: true,
    turnComplete: true,
  },
};

/** A thinker between a fake Live server and a fake backend below it. @param saved what its predecessor stored, and whether it left sound. */
function bench(saved: Memory[] = [], isSoundLeft = false) {
  const clock = manualClock();
  const server = fakeLive();
  const asked: Question[] = [];
  const frames: PcmFrame[] = [];
  const nothing = () => undefined;
  const thinker = new Thinker({
    clock,
    log: createLog('thinker', 'silent'),
    meters: new Meters(),
    output: {
      turn: nothing,
      transcript: nothing,
      session: nothing,
      audio: (frame) => void frames.push(frame),
      toolCall: nothing,
      toolStatus: nothing,
      explain: nothing,
    },
    connect: server.connect,
    handles: { load: nothing, save: nothing },
    memory: { load: () => saved.at(-1) ?? { ledger: [] }, save: (memory) => void saved.push(memory) },
    recall: nothing,
    isSoundLeft: () => isSoundLeft,
    catchUp: nothing,
    backends: [
      {
        level: 'http',
        async *answer(question) {
          asked.push(question);
          yield { type: 'modelText', text: 'It is a door.' };
        },
      },
    ],
    identity: { model: 'gemini-3.8-live', simulated: true },
    firstTurn: FIRST,
    serverVad: false,
    liveEnabled: true,
    sceneResendMs: 10_000,
    random: () => 0.5,
  });
  thinker.start();
  return {
    clock,
    server,
    asked,
    frames,
    thinker,
    speak(utterance: number) {
      thinker.hear(utterance, new Int16Array(320), clock.nowMs() * 1000);
      thinker.endUtterance(utterance);
    },
    open: () => server.connections.at(-1)?.tell({ type: 'opened' }),
    say: (message: object) => server.connections.at(-1)?.tell({ type: 'message', message, bytes: 100 }),
    sent: () => JSON.stringify(server.connections.at(-1)?.sent),
  };
}

/** The second question is at Live, with a remark, while the answer to the first is still being played. */
function overlapping() {
  const talk = bench();
  const { thinker, clock, open, say, speak } = talk;
  open();
  speak(1);
  say(ANSWER);
  thinker.played(FIRST, 'playing', 100);
  clock.advance(600);
  thinker.remarks.note('gps', 'Baker Street');
  speak(2);
  expect(talk.sent()).toContain('[gps] Baker Street');
  thinker.played(FIRST, 'over', 2_400);
  return talk;
}

describe('remarks of other layers that a question has taken along', () => {
  it('go on to the next backend, though an earlier turn is over only meanwhile', () => {
    const { clock, asked } = overlapping();
    clock.advance(5_000);
    expect(asked.map(({ history }) => JSON.stringify(history))).toEqual([
      expect.stringContaining('[gps] Baker Street'),
    ]);
  });

  it('go to the next connection as well', () => {
    const { server, clock, open, sent } = overlapping();
    server.connections[0]?.tell({ type: 'closed', code: 1011, reason: 'Internal error encountered.' });
    clock.advance(1_500);
    open();
    expect(server.connections).toHaveLength(2);
    expect(sent()).toContain('[gps] Baker Street');
  });
});

it('takes up the texts that waited behind an answer when its predecessor was killed', () => {
  const saved: Memory[] = [];
  const first = bench(saved);
  first.open();
  first.speak(1);
  first.thinker.ask('a', 'what colour is it?', false);
  first.thinker.say('b', 'Turn left.');
  expect(first.sent()).not.toContain('what colour');
  const second = bench(saved);
  second.open();
  expect(second.sent()).toContain('what colour is it?');
  second.say(ANSWER);
  expect(second.sent()).toContain('Turn left.');
});

it('tells the model one thing of an answer whose sound is left: that all of it is heard, until the speaker says less', () => {
  const active: Turn = {
    ...newTurn(7, 'speech', 'live', 3),
    ...{ phase: 'speaking', playback: 'playing', replySamples: 100, playedSamples: 60 },
    ...{ userText: 'why?', modelText: 'Because it is so.' },
  };
  const saved: Memory[] = [{ ledger: [], active }];
  const { thinker, open, sent } = bench(saved, true);
  open();
  expect(sent()?.match(/Because it[^"\\]*/g)).toEqual([
    expect.stringMatching(/^Because it is so\. — /),
    'Because it is so.',
    'Because it is so.',
  ]);
  thinker.played(7, 'over', 80);
  expect(saved.at(-1)?.ledger.find(({ turn }) => turn === 7)?.heard).toBe('Because it is');
});

it('asks again when the server takes its tool call back and then says nothing', () => {
  const { thinker, clock, open, speak, say, sent } = bench();
  thinker.tools.declare('clock', { name: 'clock', description: 'Tells the time.' });
  open();
  speak(1);
  say({ toolCall: { functionCalls: [{ id: 'c1', name: 'clock', args: {} }] } });
  say({ toolCallCancellation: { ids: ['c1'] } });
  clock.advance(3_500);
  expect(sent()?.match(/activityStart/g)).toHaveLength(2);
});

it('tells Live with the next question what the level below has answered on the same connection', async () => {
  const { thinker, clock, server, open, speak, sent } = bench();
  open();
  thinker.setLevel('http');
  thinker.ask('a', 'what is this?', false);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(2_000);
  thinker.setLevel('live');
  speak(1);
  expect(server.connections).toHaveLength(1);
  expect(sent()).toMatch(/what is this\?.*It is a door\./);
});

it('publishes an answer at 24 kHz whatever rate the server says, and ends it behind its sound', async () => {
  const { open, speak, say, frames } = bench();
  open();
  speak(1);
  const data = Buffer.alloc(2 * 48_000).toString('base64');
  say({ serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=48000', data } }] } } });
  say({ serverContent: { generationComplete: true, turnComplete: true } });
  await expect.poll(() => frames.at(-1)?.last).toBe(true);
  const samples = frames.reduce((sum, frame) => sum + frame.samples.length, 0);
  expect(samples).toBeGreaterThan(23_900);
  expect(samples).toBeLessThanOrEqual(24_000);
});
