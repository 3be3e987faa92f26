import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { fallback, interrupt } from '#shared/contract/control.ts';
import { alert, playback } from '#shared/contract/speaker.ts';
import { ask, session, transcript, turn } from '#shared/contract/thinker.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import { Watched } from './harness/watched.ts';

const SHORT = { reply: { kind: 'tone', seconds: 0.5 } };
const SHORT_BY_HTTP = [{ method: 'stream', text: 'A door.' }];
/** No return to Live before this has passed since a first loss. */
const HOLD_MS = 10_000;
const QUESTION = readWav(readFileSync('services/audio-in/assets/sample-question.wav'));

let stack: TestStack;
let card: VirtualSoundCard | undefined;

afterEach(async () => {
  await stack?.close();
  await card?.close();
  card = undefined;
});

async function control(command: string, body: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/${command}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

async function connected(): Promise<void> {
  const sessions = await stack.watch(session);
  await sessions.next(({ state }) => state === 'connected');
}

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'], 'with microphone and loudspeaker', () => {
  async function startOnCard(): Promise<VirtualSoundCard> {
    card = await createVirtualSoundCard();
    stack = await startTestStack({ ...card.env, CORTEX_AUDIO_INPUT: 'portaudio', CORTEX_AUDIO_OUTPUT: 'portaudio' });
    await stack.start('live-sim');
    await Promise.all(['thinker', 'router', 'speaker', 'audio-in'].map((name) => stack.start(name)));
    await connected();
    return card;
  }

  it('the question on which Live is silent is answered over HTTP, said once; the next one by Live again', async () => {
    const { speak } = await startOnCard();
    const [turns, speeches, levels, playbacks] = [
      await stack.watch(turn),
      await stack.watch(speech),
      await stack.watch(fallback),
      await stack.watch(playback),
    ];
    await control('scenario', { turns: [{ faults: [{ fault: 'silent' }] }], requests: SHORT_BY_HTTP });
    await speak(QUESTION.samples.subarray(0, 3 * QUESTION.sampleRateHz), QUESTION.sampleRateHz);
    const answered = await turns.next(({ state }) => state === 'done');
    expect(answered.backend).toBe('http');
    await playbacks.next(({ turn: number, state }) => number === answered.turn && state === 'finished');
    expect(speeches.seen.filter(({ payload }) => payload.state === 'started')).toHaveLength(1);

    await control('scenario', { turns: [SHORT] });
    stack.bus.publish(ask, { id: 'next', text: 'Tell me a joke.' });
    const next = await turns.next(({ turn: number, state }) => state === 'done' && number !== answered.turn);
    expect(next.backend).toBe('live');
    expect(levels.seen.map(({ payload }) => payload.level)).toEqual(['live']);
  });

  it('"stop" silences the reply: router to loudspeaker', async ({ annotate }) => {
    const { record } = await startOnCard();
    const recording = await record('speaker', 24_000);
    const [interrupts, playbacks] = [await stack.watch(interrupt), await stack.watch(playback)];
    await control('scenario', { turns: [{ reply: { kind: 'tone', seconds: 20 } }] });
    const says = stack.connect('thinker');
    for (const round of [1, 2, 3]) {
      const before = playbacks.seen.length;
      stack.bus.publish(ask, { id: `round-${round}`, text: 'Tell me a story.' });
      const { turn: number } = await playbacks.next(
        (now) => now.state === 'progress' && playbacks.seen.slice(before).some(({ payload }) => payload === now),
      );
      await recording.until((samples) => samples.subarray(-480).some((sample) => sample !== 0) || undefined);
      const interrupted = interrupts.seen.length;
      const saidAtMs = performance.now();
      says.publish(transcript, { turn: number + 1, role: 'user', text: 'Stop.', final: true, at: Date.now() });
      const silent = recording
        .until((samples) => samples.subarray(-480).every((sample) => sample === 0) || undefined)
        .then(() => performance.now() - saidAtMs);
      const { source } = await interrupts.next(() => interrupts.seen.length > interrupted);
      const interruptMs = performance.now() - saidAtMs;
      await playbacks.next((now) => now.turn === number && now.state === 'interrupted');
      const silentMs = (await silent).toFixed(0);
      expect(source).toBe('voice-command');
      await annotate(
        `final transcript to control/interrupt ${interruptMs.toFixed(1)} ms, to 20 ms of silence recorded ${silentMs} ms`,
      );
    }
    await recording.stop();
  });
});

describe('with text alone', () => {
  async function startInText(): Promise<void> {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null' });
    await stack.start('live-sim');
    await Promise.all(['thinker', 'speaker'].map((name) => stack.start(name)));
  }

  it('a Live server that connects and breaks off at every question is left once and not tried again while the hold lasts', async ({
    annotate,
  }) => {
    await startInText();
    await stack.start('router');
    await connected();
    const [levels, alerts, turns] = [await stack.watch(fallback), await stack.watch(alert), await stack.watch(turn)];
    await control('scenario', {
      turns: [{ faults: [{ fault: 'close', at: 'question-end', cause: 'internal' }] }],
      requests: SHORT_BY_HTTP,
    });
    const backends: string[] = [];
    // Counts from the level's own change on; nothing while it is still at live.
    const heldMs = () => (levels.seen.length < 2 ? 0 : Date.now() - (levels.seen[1]?.payload.since ?? 0));
    while (heldMs() < HOLD_MS) {
      const before = turns.seen.length;
      stack.bus.publish(ask, { id: `question-${before}`, text: 'Tell me a joke.' });
      const { backend } = await turns.next(
        (now) => now.state === 'done' && turns.seen.slice(before).some(({ payload }) => payload === now),
      );
      backends.push(backend);
    }
    const [first, lost, ...later] = levels.seen.map(({ payload }) => payload);
    expect([first?.level, lost?.level]).toEqual(['live', 'http']);
    expect(later.filter(({ since }) => since < (lost?.since ?? 0) + HOLD_MS)).toEqual([]);
    await annotate(`${backends.length} questions, all answered`);
    // Every question had its answer, whichever way the level went meanwhile.
    expect(new Set(backends)).toEqual(new Set(['http']));
    const sentences = alerts.seen.map(({ payload }) => payload.text).filter((text) => text !== undefined);
    expect(sentences).toEqual([...new Set(sentences)]);
  });

  it('a router that is killed is missed by nobody: answers go on, the level stands, its return changes nothing', async () => {
    await startInText();
    const router = await stack.start('router');
    await connected();
    const [levels, alerts, turns] = [await stack.watch(fallback), await stack.watch(alert), await stack.watch(turn)];
    await control('scenario', { turns: [SHORT] });
    const answered = () => turns.seen.filter(({ payload }) => payload.state === 'done').length;
    async function answer(): Promise<string> {
      const before = answered();
      stack.bus.publish(ask, { id: `question-${before}`, text: 'Tell me a joke.' });
      return (await turns.next(({ state }) => state === 'done' && answered() > before)).backend;
    }
    stack.bus.publish(ask, { id: 'question', text: 'Tell me a joke.' });
    await turns.next(({ state }) => state === 'speaking');
    await router.end('SIGKILL');
    await turns.next(({ state }) => state === 'done');
    expect(await answer()).toBe('live');

    const late = await Watched.on(stack.connect('operator'), fallback);
    expect(await late.next(() => true)).toMatchObject({ level: 'live' });
    const before = levels.seen.length;
    await stack.start('router');
    expect(await answer()).toBe('live');
    expect(levels.seen.slice(before)).toEqual([]);
    expect(alerts.seen).toEqual([]);
  });
});
