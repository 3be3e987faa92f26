import { afterEach, describe, expect, it } from 'vitest';
import { fallback } from '#shared/contract/control.ts';
import { alert } from '#shared/contract/speaker.ts';
import { ask as askChannel, type Session, session, type Turn, transcript, turn } from '#shared/contract/thinker.ts';
import type { RunningProcess } from './harness/processes.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

describe('levels of service, with the simulator as an ailing Gemini', () => {
  let stack: TestStack | undefined;
  let thinker: RunningProcess;

  afterEach(async () => {
    await stack?.close();
  });

  async function startWith(scenario: string) {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null', CORTEX_SIM_SCENARIO: scenario });
    const levels = await stack.watch(fallback);
    const alerts = await stack.watch(alert);
    const turns = await stack.watch(turn);
    const sessions = await stack.watch(session);
    await stack.start('live-sim');
    await stack.start('router');
    thinker = await stack.start('thinker');
    const announced = () =>
      alerts.seen.filter(({ payload }) => payload.id.startsWith('router-')).map(({ payload }) => payload.earcon);
    return { stack, levels, alerts, turns, sessions, announced };
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
    const { stack: running, levels, alerts, turns, sessions, announced } = await startWith('never-connects');
    await levels.next(({ level }) => level === 'http');
    const failed = sessions.seen.filter(({ payload }) => payload.state === 'backoff');
    expect([...new Set(failed.map(({ payload }) => payload.attempt))]).toEqual([1, 2, 3, 4, 5]);
    running.bus.publish(askChannel, { id: 'first', text: 'How are you?' });
    expect(await turns.next(({ state }) => state === 'done')).toMatchObject({ backend: 'http' });
    await recover(running.env['CORTEX_SIM_PORT']);
    // Somebody who speaks does not wait for the thinker's backoff.
    running.bus.publish(askChannel, { id: 'again', text: 'How are you?' });
    await alerts.next(({ text }) => text === 'I am back at full speed.');
    expect(levels.seen.map(({ payload }) => payload.level)).toEqual(['live', 'http', 'live']);
    expect(announced()).toEqual(['attention', 'ready']);
  }, 120_000);

  it('a refused key is told once, with what to do, by the router alone; a restarted thinker does not bring it up again', async () => {
    const { stack: running, levels, alerts, turns, sessions, announced } = await startWith('key-refused');
    const transcripts = await running.watch(transcript);
    const { reason } = await levels.next(({ level }) => level === 'offline');
    expect(reason).toBe('my access key is not accepted');
    await alerts.next(({ earcon }) => earcon === 'offline');

    async function ask(text: string): Promise<string> {
      const before = turns.seen.length;
      running.bus.publish(askChannel, { id: `question-${before}`, text });
      const isNew = (now: Turn) => turns.seen.slice(before).some(({ payload }) => payload === now);
      return (await turns.next((now) => now.state === 'done' && isNew(now))).backend;
    }
    const backends = [await ask('How are you?'), await ask('Tell me a joke.'), await ask('Are you there?')];
    expect((await sessions.next(({ state }) => state === 'failed')).error?.message).toContain('GEMINI_API_KEY');

    for (let restart = 0; restart < 2; restart += 1) {
      const before = sessions.seen.length;
      await thinker.end('SIGKILL');
      thinker = await running.start('thinker');
      const isNew = (now: Session) => sessions.seen.slice(before).some(({ payload }) => payload === now);
      await sessions.next((now) => now.state === 'failed' && isNew(now));
      backends.push(await ask('Tell me another joke.'));
    }
    expect(new Set(backends)).toEqual(new Set(['offline']));

    const heard = [
      ...alerts.seen.map(({ payload }) => payload.text ?? ''),
      ...transcripts.seen.filter(({ payload }) => payload.role === 'model').map(({ payload }) => payload.text),
    ];
    expect(heard.filter((text) => text.includes('key'))).toEqual([
      'I am offline: my access key is not accepted. Somebody has to put a valid key into my settings.',
    ]);
    expect(announced()).toEqual(['offline']);
    expect(levels.seen.map(({ payload }) => payload.level)).toEqual(['live', 'offline']);

    // Whoever asks is told again.
    await ask('Why are you offline?');
    expect(transcripts.seen.at(-1)?.payload.text).toContain('because the key for Gemini is not accepted');
  }, 120_000);
});
