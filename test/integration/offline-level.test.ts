import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fallback, volume } from '#shared/contract/control.ts';
import { layer1Request, layer1Response, layer3Request, layer3Response } from '#shared/contract/layers.ts';
import { alert, speakerState } from '#shared/contract/speaker.ts';
import { ask, replyPcm, session, type Transcript, type Turn, transcript, turn } from '#shared/contract/thinker.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { RunningProcess } from './harness/processes.ts';
import { describeWith } from './harness/requires.ts';
import { speakUtterance } from './harness/speak-utterance.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { installTinyModels } from './harness/tiny-models.ts';
import type { Watched } from './harness/watched.ts';

/** In the thinker's words. */
const WHY = 'the key for Gemini is not accepted';
const OVER: ReadonlySet<string> = new Set(['done', 'interrupted']);

let stack: TestStack;
let modelsDir: string;

beforeEach(() => {
  modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
});
afterEach(async () => {
  await stack?.close();
  rmSync(modelsDir, { recursive: true });
});

/** The tiny recogniser hears in anything what it was made for. */
const speak = () => speakUtterance(stack);

describeWith(['espeak-ng'], 'offline, through real processes', () => {
  let turns: Watched<Turn>;
  let transcripts: Watched<Transcript>;
  let frames: Watched<PcmFrame>;
  let asked = 0;

  /** @param hears what the recogniser makes of every utterance. */
  async function goOffline(hears: string): Promise<void> {
    installTinyModels(modelsDir, hears);
    stack = await startTestStack({
      CORTEX_AUDIO_OUTPUT: 'null',
      CORTEX_MODELS_DIR: modelsDir,
      CORTEX_SIM_SCENARIO: 'key-refused',
    });
    [turns, transcripts, frames] = [
      await stack.watch(turn),
      await stack.watch(transcript),
      await stack.watch(replyPcm),
    ];
    await stack.start('live-sim');
    await Promise.all(['speaker', 'router', 'thinker'].map((name) => stack.start(name)));
    await (await stack.watch(fallback)).next(({ level }) => level === 'offline');
  }

  /** What the model's side said in the turn a text question began, which must also have been spoken. */
  async function answerTo(text: string): Promise<string> {
    asked += 1;
    const before = turns.seen.length;
    stack.bus.publish(ask, { id: `question-${asked}`, text });
    const begun = await turns.next((now) => turns.seen.slice(before).some(({ payload }) => payload === now));
    return spokenIn(await turns.next(({ turn: number, state }) => number === begun.turn && state === 'done'));
  }

  async function spokenIn({ turn: number, backend }: Turn): Promise<string> {
    expect(backend).toBe('offline');
    expect(samplesOf(number)).toBeGreaterThan(0);
    return (await transcripts.next((now) => now.turn === number && now.role === 'model' && now.final)).text;
  }

  const samplesOf = (number: number) =>
    frames.seen.reduce((sum, { payload }) => sum + (payload.stream === number ? payload.samples.length : 0), 0);

  /** The turn in which these words were said. */
  async function turnOf(words: string): Promise<Turn> {
    const said = await transcripts.next(({ role, final, text }) => role === 'model' && final && text === words);
    return turns.next(({ turn: number, state }) => number === said.turn && state === 'done');
  }

  it('tells time, date and battery, that it is there, and why it cannot answer', async () => {
    await goOffline('volume up');
    expect(await answerTo('What time is it?')).toMatch(/^It is \d+:\d\d [AP]M\.$/);
    expect(await answerTo('What day is it today?')).toMatch(/^Today is \w+day, /);
    expect(await answerTo('How is your battery?')).toMatch(/battery/);
    // The router has said why when the level changed; it is said again only to who asks.
    expect(await answerTo('Are you still there?')).toBe('Yes, I am here, but offline.');
    expect(await answerTo('Why is the sky blue?')).toBe('I am offline, so I cannot answer that.');
    expect(await answerTo('Why are you offline?')).toMatch(`I am offline because ${WHY}.`);
  });

  it('obeys a spoken command, and says nothing besides the confirmation', async () => {
    await goOffline('volume down');
    const [volumes, alerts, states] = [
      await stack.watch(volume),
      await stack.watch(alert),
      await stack.watch(speakerState),
    ];
    const { volume: before } = await states.next(() => true);
    await speak();
    expect((await volumes.next(() => true)).volume).toBeLessThan(before);
    await alerts.next(({ text }) => text?.startsWith('Volume ') ?? false);
    // The router ends the turn, unless the backend has already left it to the router.
    const over = await turns.next(({ state, utterance }) => OVER.has(state) && utterance !== undefined);
    expect(over.backend).toBe('offline');
    expect(samplesOf(over.turn)).toBe(0);
  });

  it('repeats on command what it said last', async () => {
    await goOffline('repeat that');
    const answer = await answerTo('Why is the sky blue?');
    const { turn: first } = await turnOf(answer);
    await speak();
    const again = await transcripts.next(
      ({ turn: number, role, text }) => number > first && role === 'model' && text === answer,
    );
    await spokenIn(await turns.next(({ turn: number, state }) => number === again.turn && state === 'done'));
  });

  it('carries requests to Layers 1 and 3 and speaks their answers', async () => {
    await goOffline('where am i');
    const [reflexes, guides] = [await stack.watch(layer1Request), await stack.watch(layer3Request)];
    await speak();
    const position = await guides.next(({ intent }) => intent === 'where-am-i');
    stack.bus.publish(layer3Response, { id: position.id, text: 'You are in Main Street.', speak: true });
    await spokenIn(await turnOf('You are in Main Street.'));

    stack.bus.publish(ask, { id: 'see', text: 'What do you see?' });
    const sight = await reflexes.next(({ intent }) => intent === 'see');
    stack.bus.publish(layer1Response, { id: sight.id, text: 'Two people and a door.', speak: true });
    await spokenIn(await turnOf('Two people and a door.'));

    stack.bus.publish(ask, { id: 'way', text: 'Take me home.' });
    await spokenIn(await turnOf('Sorry, I cannot guide you: the navigation does not answer.'));
  });

  it('loads no model while Live answers, and the recogniser at the first question without it', async () => {
    installTinyModels(modelsDir);
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null', CORTEX_MODELS_DIR: modelsDir });
    turns = await stack.watch(turn);
    await stack.start('live-sim');
    const [thinker] = (await Promise.all(['thinker', 'speaker'].map((name) => stack.start(name)))) as [RunningProcess];
    await (await stack.watch(session)).next(({ state }) => state === 'connected');
    const started = ({ msg }: { msg?: string }) => msg === 'offline speech engine started';
    stack.bus.publish(ask, { id: 'online', text: 'Tell me a joke.' });
    expect((await turns.next(({ state }) => state === 'done')).backend).toBe('live');
    expect(thinker.log.some(started)).toBe(false);
    stack.bus.publish(fallback, { level: 'offline', reason: 'test', since: Date.now() });
    await speak();
    expect((await turns.next(({ state, utterance }) => state === 'done' && utterance !== undefined)).backend).toBe(
      'offline',
    );
    expect(thinker.log.filter(started)).toHaveLength(1);
  });
});
