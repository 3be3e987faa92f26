import { afterEach, expect, it } from 'vitest';
import { type Fallback, fallback } from '#shared/contract/control.ts';
import { alert } from '#shared/contract/speaker.ts';
import { ask, say, session, type Turn, turn } from '#shared/contract/thinker.ts';
import type { Scenario, TurnRule } from '../../simulator/scenario/scenario.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import type { Watched } from './harness/watched.ts';

const BREAKS_OFF: TurnRule = { faults: [{ fault: 'close', at: 'question-end', cause: 'internal' }] };
const SHORT: TurnRule = { reply: { kind: 'tone', seconds: 0.3 } };
/** Some four seconds of speech. */
const STORY = 'Once upon a time there was a street with a bakery, and its door was always open.';
/** Long enough for a level that is to change at the end of a turn, short beside the turn. */
const PAUSE_MS = 200;

const OVER: readonly Turn['state'][] = ['done', 'interrupted', 'failed'];

let stack: TestStack;

afterEach(async () => {
  await stack?.close();
});

describeWith(['espeak-ng'], 'the level of service changes within a turn', () => {
  let turns: Watched<Turn>;
  let levels: Watched<Fallback>;
  let asked = 0;

  async function start(scenario: Scenario, settings: Record<string, string> = {}) {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null', ...settings });
    await stack.start('live-sim');
    await control(scenario);
    [turns, levels] = [await stack.watch(turn), await stack.watch(fallback)];
    await Promise.all(['thinker', 'speaker', 'router'].map((name) => stack.start(name)));
    if (settings['LAYER2_MODE'] !== 'legacy') {
      await (await stack.watch(session)).next(({ state }) => state === 'connected');
    }
    return stack.watch(alert);
  }

  async function control(scenario: Scenario): Promise<void> {
    const url = `http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/scenario`;
    expect((await fetch(url, { method: 'POST', body: JSON.stringify(scenario) })).status).toBe(200);
  }

  /** Asks once, and waits for the end of that one turn. Returns who answered. */
  async function question(): Promise<string> {
    const before = turns.seen.length;
    asked += 1;
    stack.bus.publish(ask, { id: `question-${asked}`, text: 'Tell me a joke.' });
    const begun = await turns.next((now) => isNew(now, before));
    return (await done(begun.turn)).backend;
  }

  /** A turn that ends otherwise says so here, where waiting for `done` alone would wait for ever. */
  async function done(number: number): Promise<Turn> {
    const ended = await turns.next((now) => now.turn === number && OVER.includes(now.state));
    expect(ended).toMatchObject({ state: 'done' });
    return ended;
  }

  const isNew = (now: Turn, before: number) => turns.seen.slice(before).some(({ payload }) => payload === now);

  it('from live over http to offline, each question answered in its own turn; back to live between two turns', async ({
    annotate,
  }) => {
    const alerts = await start({ turns: [BREAKS_OFF], requests: [{ error: 'unavailable' }] });
    const backends: string[] = [];
    while (levels.seen.at(-1)?.payload.level !== 'offline') backends.push(await question());
    expect(new Set(backends)).toEqual(new Set(['offline']));
    expect(backends.length).toBeLessThanOrEqual(5);

    await control({ turns: [SHORT] });
    const open = new Set<number>();
    const openAtReturn: number[][] = [];
    await stack.bus.subscribe(turn, ({ payload: { turn: number, state } }) => {
      if (state === 'done' || state === 'interrupted' || state === 'failed') open.delete(number);
      else open.add(number);
    });
    await stack.bus.subscribe(fallback, ({ payload: { level }, retained }) => {
      if (level === 'live' && !retained) openAtReturn.push([...open]);
    });
    let stories = 0;
    while (openAtReturn.length === 0) {
      const before = turns.seen.length;
      stories += 1;
      stack.bus.publish(say, { id: `story-${stories}`, text: STORY });
      const begun = await turns.next((now) => isNew(now, before));
      await done(begun.turn);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    expect(openAtReturn).toEqual([[]]);
    expect(await question()).toBe('live');

    const changes = levels.seen.filter(({ retained }) => !retained).map(({ payload }) => payload.level);
    await annotate(`${changes.join(' → ')}; ${backends.length} questions, then ${stories} sentences until the return`);
    expect(changes).toEqual(['live', 'http', 'offline', 'live']);
    const announced = alerts.seen
      .filter(({ payload }) => payload.id.startsWith('router-'))
      .map(({ payload }) => payload);
    expect(announced.map(({ earcon }) => earcon)).toEqual(['attention', 'offline', 'ready']);
    const sentences = announced.map(({ text }) => text);
    expect(new Set(sentences).size).toBe(3);
    expect(sentences.every((text) => text && text.length < 80)).toBe(true);
  }, 120_000);

  it('from http to offline: the question that HTTP refuses is answered offline, and the change told once', async () => {
    const alerts = await start({ requests: [{ error: 'unavailable' }] }, { LAYER2_MODE: 'legacy' });
    expect((await levels.next(() => true)).level).toBe('http');
    expect(await question()).toBe('offline');
    expect(await question()).toBe('offline');
    await levels.next(({ level }) => level === 'offline');
    expect(await question()).toBe('offline');
    const announced = alerts.seen.filter(({ payload }) => payload.id.startsWith('router-'));
    expect(announced.map(({ payload }) => payload.earcon)).toEqual(['offline']);
  });

  it('not at all with a server that fails every other time, and once with one that fails for long; healed, it returns', async ({
    annotate,
  }) => {
    const alerts = await start({ turns: [{ overallTurn: 'odd', ...BREAKS_OFF }, SHORT] });
    const changes = () => levels.seen.filter(({ retained }) => !retained).map(({ payload }) => payload.level);
    const announced = () => alerts.seen.filter(({ payload }) => payload.id.startsWith('router-')).length;
    const questions = async (count: number) => {
      const backends: string[] = [];
      for (let asked = 0; asked < count; asked += 1) backends.push(await question());
      return backends;
    };
    const alternating = await questions(8);
    await annotate(`every other time: ${alternating.join(', ')}`);
    expect(alternating).toEqual(new Array(8).fill('live'));
    expect(announced()).toBe(0);

    await control({ turns: [BREAKS_OFF] });
    const failing = await questions(4);
    await annotate(`every time: ${failing.join(', ')}; levels ${changes().join(' → ')}`);
    expect(failing).toEqual(new Array(4).fill('http'));
    expect(announced()).toBe(1);

    await control({ turns: [SHORT] });
    const healedAt = levels.seen.length;
    await levels.next((now) =>
      levels.seen.slice(healedAt).some(({ payload }) => payload === now && now.level === 'live'),
    );
    expect(await question()).toBe('live');
    expect(changes()).toEqual(['live', 'http', 'live']);
    expect(announced()).toBe(2);
  }, 120_000);
});
