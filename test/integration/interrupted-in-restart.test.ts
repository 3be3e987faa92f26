import { afterEach, describe, expect, it } from 'vitest';
import { interrupt } from '#shared/contract/control.ts';
import { playback } from '#shared/contract/speaker.ts';
import { ask, session, turn } from '#shared/contract/thinker.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

let stack: TestStack | undefined;
afterEach(async () => {
  await stack?.close();
  stack = undefined;
});

describe('"stop" while the process it is meant for is exchanged', () => {
  it.each(['thinker', 'speaker'] as const)('%s: nothing of the answer is said afterwards', async (service) => {
    stack = await startTestStack({ CORTEX_AUDIO_INPUT: 'off', CORTEX_AUDIO_OUTPUT: 'null' });
    const { bus } = stack;
    await stack.start('live-sim');
    // At the speed of speech, so that Gemini is still delivering, and the rest would be asked for.
    await fetch(`http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/scenario`, {
      method: 'POST',
      body: JSON.stringify({ timing: { speed: 1 }, turns: [{ reply: { kind: 'tone', seconds: 20 } }] }),
    });
    const [playbacks, sessions] = [await stack.watch(playback), await stack.watch(session)];
    const processes = { thinker: await stack.start('thinker'), speaker: await stack.start('speaker') };
    await sessions.next(({ state }) => state === 'connected');

    bus.publish(ask, { id: 'first', text: 'Tell me a long story.' });
    const first = await playbacks.next(({ state }) => state === 'progress');
    await processes[service].end('SIGKILL');
    bus.publish(interrupt, { id: 'enough', source: 'operator', at: Date.now() });
    const [told, heard] = [await stack.watch(turn), await stack.watch(playback)];
    // With its account the thinker says once more that the turn is over, and then nothing.
    if (service === 'speaker') await told.next(({ state, usage }) => state === 'interrupted' && usage !== undefined);
    await stack.start(service);

    if (service === 'thinker')
      await told.next(({ turn: number, state }) => number > first.turn && state === 'interrupted');
    else expect(await heard.next(({ turn: number }) => number === first.turn)).toMatchObject({ state: 'interrupted' });
    expect(told.seen.map(({ payload }) => payload.state)).not.toContain('speaking');
    bus.publish(ask, { id: 'second', text: 'What time is it?' });
    await heard.next(({ state, turn: number }) => state === 'progress' && number > first.turn);
  });
});
