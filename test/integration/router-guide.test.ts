import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layer3Request } from '#shared/contract/layers.ts';
import { ask, session, transcript, turn } from '#shared/contract/thinker.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

describe('where am I, with nobody at Layer 3', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null' });
    await stack.start('live-sim');
    await Promise.all(['thinker', 'speaker', 'router'].map((name) => stack.start(name)));
  });
  afterAll(async () => {
    await stack?.close();
  });

  it('the model does not get to make a place up; the refusal is spoken as a turn of its own', async () => {
    const [sessions, turns, transcripts, requests] = [
      await stack.watch(session),
      await stack.watch(turn),
      await stack.watch(transcript),
      await stack.watch(layer3Request),
    ];
    await sessions.next(({ state }) => state === 'connected');
    stack.bus.publish(ask, { id: 'where', text: 'Where am I?' });
    const request = await requests.next(({ intent }) => intent === 'where-am-i');
    expect(
      await turns.next(({ turn: number, state }) => number === request.turn && state === 'interrupted'),
    ).toBeDefined();
    const refusal = await transcripts.next(
      ({ role, final, text }) => role === 'model' && final && /do not know where/.test(text),
    );
    await turns.next(({ turn: number, state }) => number === refusal.turn && state === 'done');
    expect(refusal.turn).toBeGreaterThan(request.turn ?? Number.POSITIVE_INFINITY);
  });
});
