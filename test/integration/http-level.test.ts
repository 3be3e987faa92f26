import { afterEach, expect, it } from 'vitest';
import { metrics } from '#shared/contract/service.ts';
import { ask, replyPcm, transcript, turn } from '#shared/contract/thinker.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

const STREET =
  'There is a long street in front of you. On the left is a bakery with an open door. Behind it the road goes down.';
const SLOWLY = { method: 'stream', text: STREET, everyMs: 700 } as const;

let stack: TestStack;

afterEach(async () => {
  await stack?.close();
});

describeWith(['espeak-ng'], 'at level http, from a server that writes slowly', () => {
  it.each([
    ['a WAV file', 'gemini-3.8-flash-tts'],
    ['bare samples (audio/L16)', 'gemini-2.5-flash-preview-tts'],
  ])('the first sentence is heard, as %s, before the last word is written', async (_format, ttsModel) => {
    stack = await startTestStack({ LAYER2_MODE: 'legacy', GEMINI_TTS_MODEL: ttsModel, CORTEX_AUDIO_OUTPUT: 'null' });
    await stack.start('live-sim');
    const url = `http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/scenario`;
    await fetch(url, { method: 'POST', body: JSON.stringify({ requests: [SLOWLY] }) });
    await Promise.all(['router', 'thinker', 'speaker'].map((name) => stack.start(name)));
    const [turns, frames, counted] = [await stack.watch(turn), await stack.watch(replyPcm), await stack.watch(metrics)];
    const order: string[] = [];
    await stack.bus.subscribe(replyPcm, () => order.push('sound'));
    await stack.bus.subscribe(transcript, ({ payload: { role, text } }) => {
      if (role === 'model' && text.includes('goes down')) order.push('last word');
    });
    stack.bus.publish(ask, { id: 'street', text: 'What do you see?' });
    const done = await turns.next(({ state }) => state === 'done');
    expect(done.backend).toBe('http');
    expect(order[0]).toBe('sound');
    expect(order).toContain('last word');
    const heard = frames.seen.filter(({ payload }) => payload.stream === done.turn && !payload.resent);
    const samples = heard.reduce((sum, { payload }) => sum + payload.samples.length, 0);
    expect(samples).toBeGreaterThan(3 * REPLY_RATE_HZ);
    // It was Gemini's voice, and not the local one in its place.
    const { counters } = await counted.next((now) => (now.counters['httpAnswers'] ?? 0) > 0);
    expect(counters['httpTtsFallbacks'] ?? 0).toBe(0);
  });
});
