import { afterEach, describe, expect, it } from 'vitest';
import { fallback } from '#shared/contract/control.ts';
import { alert } from '#shared/contract/speaker.ts';
import { ask, turn } from '#shared/contract/thinker.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

describe('levels of service, with the simulator as an ailing Gemini', () => {
  let stack: TestStack | undefined;

  afterEach(async () => {
    await stack?.close();
  });

  async function startWith(scenario: string) {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null', CORTEX_SIM_SCENARIO: scenario });
    const levels = await stack.watch(fallback);
    const alerts = await stack.watch(alert);
    const turns = await stack.watch(turn);
    await stack.start('live-sim');
    await stack.start('router');
    await stack.start('thinker');
    const announced = () =>
      alerts.seen.filter(({ payload }) => payload.id.startsWith('router-')).map(({ payload }) => payload.earcon);
    return { stack, levels, alerts, turns, announced };
  }

  async function recover(port: string | undefined): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${port}/control/scenario`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(200);
  }

  it('Live that cannot be reached is left after five attempts, and taken again when it is back', async () => {
    const { stack: running, levels, alerts, turns, announced } = await startWith('never-connects');
    await levels.next(({ level }) => level === 'http');
    running.bus.publish(ask, { id: 'first', text: 'How are you?' });
    expect(await turns.next(({ state }) => state === 'done')).toMatchObject({ backend: 'http' });
    await recover(running.env['CORTEX_SIM_PORT']);
    // Somebody who speaks does not wait for the thinker's backoff.
    running.bus.publish(ask, { id: 'again', text: 'How are you?' });
    await alerts.next(({ text }) => text === 'I am back at full speed.');
    expect(levels.seen.map(({ payload }) => payload.level)).toEqual(['live', 'http', 'live']);
    expect(announced()).toEqual(['attention', 'ready']);
  }, 120_000);

  it('a refused key is told once, with its reason', async () => {
    const { stack: running, levels, alerts, turns, announced } = await startWith('key-refused');
    const { reason } = await levels.next(({ level }) => level === 'offline');
    expect(reason).toBe('my access key is not accepted');
    await alerts.next(({ earcon }) => earcon === 'offline');
    running.bus.publish(ask, { id: 'first', text: 'How are you?' });
    const first = await turns.next(({ state }) => state === 'done');
    running.bus.publish(ask, { id: 'second', text: 'Tell me a joke.' });
    const second = await turns.next(({ state, turn: number }) => state === 'done' && number !== first.turn);
    expect([first.backend, second.backend]).toEqual(['offline', 'offline']);
    expect(announced()).toEqual(['offline']);
  });
});
