import { afterEach, describe, expect, it } from 'vitest';
import { fallback } from '#shared/contract/control.ts';
import { ask, context as contextRemark, say } from '#shared/contract/thinker.ts';
import { describeWith } from './harness/requires.ts';
import { type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const LEVELS = ['live', 'http', 'offline'] as const;

async function benchAt(level: (typeof LEVELS)[number]) {
  const world = await thinkerBench();
  bench = world;
  await world.until(world.sessions, ({ state }) => state === 'connected');
  world.bus.publish(fallback, { level, reason: 'test', since: world.clockNow() });
  return {
    ...world,
    /** The backend and the words of the n-th turn that is done. */
    async answer(n: number) {
      const done = () => [...new Set(world.turns.filter(({ state }) => state === 'done').map(({ turn }) => turn))];
      await world.until([0], () => done().length >= n, 20_000);
      const number = done()[n - 1];
      const text = world.transcripts.findLast(({ turn, role }) => turn === number && role === 'model')?.text;
      const sound = world.frames.filter(({ stream }) => stream === number);
      return {
        backend: world.turns.findLast(({ turn }) => turn === number)?.backend,
        text: text?.trim(),
        samples: sound.reduce((sum, { samples }) => sum + samples.length, 0),
      };
    },
  };
}

describeWith(['espeak-ng'], 'what other layers send, at every level of service', () => {
  it.each(LEVELS)('%s: a question in text is answered aloud', async (level) => {
    const { bus, answer } = await benchAt(level);
    bus.publish(ask, { id: 'a', text: 'what time is it' });
    const { backend, text, samples } = await answer(1);
    expect(backend).toBe(level);
    expect(text).toMatch(level === 'offline' ? /^It is \d+:\d\d/ : /what time is it/);
    expect(samples).toBeGreaterThan(0);
  });

  it.each(LEVELS)('%s: words are spoken as they stand', async (level) => {
    const { bus, answer } = await benchAt(level);
    bus.publish(say, { id: 's', text: 'Turn left at the fountain.' });
    expect(await answer(1)).toMatchObject({ backend: level, text: 'Turn left at the fountain.' });
    expect((await answer(1)).samples).toBeGreaterThan(0);
  });

  it.each(LEVELS)('%s: a remark is taken in without a word, and harms nothing', async (level) => {
    const { bus, answer, turns, transcripts, simulator } = await benchAt(level);
    bus.publish(contextRemark, { source: 'gps', text: 'Baker Street 221' });
    bus.publish(ask, { id: 'a', text: 'what time is it' });
    expect((await answer(1)).backend).toBe(level);
    expect(new Set(turns.map(({ turn }) => turn)).size).toBe(1);
    const remembered = JSON.stringify(simulator.state().sessions.at(-1)?.remembers);
    // What the model of the HTTP level is told is shown in thinker-layers.test.ts; offline there is none to tell.
    if (level === 'live') expect(remembered).toContain('[gps] Baker Street 221');
    expect(JSON.stringify(transcripts)).not.toContain('gps');
  });

  it.each(LEVELS)('%s: the same question or words delivered twice are answered once', async (level) => {
    const { bus, answer, turns, meters } = await benchAt(level);
    for (const _delivery of [1, 2, 3]) {
      bus.publish(ask, { id: 'same', text: 'what time is it' });
      bus.publish(say, { id: 'same', text: 'Turn left.' });
    }
    bus.publish(say, { id: 'last', text: 'Stop here.' });
    expect((await answer(3)).text).toBe('Stop here.');
    expect(new Set(turns.map(({ turn }) => turn)).size).toBe(3);
    expect(meters.snapshot(0).counters['requestsRepeated']).toBe(4);
  });
});

describe("the user's transcript", () => {
  it('never holds what the wearable told the model', async () => {
    const { until, turns, transcripts, speak, simulator } = await benchAt('live');
    bench?.bus.publish(contextRemark, { source: 'detector', text: 'two chairs' });
    const utterance = await speak(0.5);
    await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    // There is no camera here, so that the model was told so.
    expect(JSON.stringify(simulator.state().sessions.at(-1)?.remembers)).toContain('no current picture');
    const users = transcripts.filter(({ role }) => role === 'user').map(({ text }) => text);
    expect(users.at(-1)).toMatch(/\w/);
    expect(users.filter((text) => text.includes('['))).toEqual([]);
  });
});
