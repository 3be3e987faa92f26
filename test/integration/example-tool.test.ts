import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { ask, session, transcript, turn } from '#shared/contract/thinker.ts';
import { type ToolStatus, toolCall, toolResult, toolStatus } from '#shared/contract/tools.ts';
import { describeWith, PYTHON } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

describeWith(['python3-paho-mqtt', 'espeak-ng'], 'the Python layer of examples/', () => {
  let stack: TestStack | undefined;
  let layer: ChildProcess | undefined;

  afterEach(async () => {
    if (layer?.exitCode === null) {
      layer.kill('SIGINT');
      await once(layer, 'exit');
    }
    await stack?.close();
  });

  it('declares a tool, is offered, called and answered, its answer is spoken, and Ctrl-C withdraws it', async () => {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null' });
    const { bus, env } = stack;
    const [sessions, statuses, calls, results] = [
      await stack.watch(session),
      await stack.watch(toolStatus),
      await stack.watch(toolCall),
      await stack.watch(toolResult),
    ];
    const [turns, transcripts] = [await stack.watch(turn), await stack.watch(transcript)];
    await stack.start('live-sim');
    await stack.start('thinker');
    await sessions.next(({ state, resumable }) => state === 'connected' && resumable);

    layer = spawn(PYTHON, ['offer_tool.py'], {
      cwd: 'examples',
      env: { ...process.env, ...env, CORTEX_MQTT_HOST: '127.0.0.1', PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await statuses.next(({ state }) => state === 'offered');

    async function answer(id: string): Promise<string> {
      const before = turns.seen.length;
      bus.publish(ask, { id, text: 'Please get my position.' });
      const done = await turns.next(
        (now) => now.state === 'done' && turns.seen.slice(before).some(({ payload }) => payload === now),
      );
      expect(done.backend).toBe('live');
      const said = transcripts.seen.filter(({ payload }) => payload.turn === done.turn && payload.role === 'model');
      return said.at(-1)?.payload.text ?? '';
    }

    // The session is opened anew for a changed set of tools, at a quiet moment; a question may come before.
    let spoken = '';
    for (let n = 0; !spoken.includes('Harbour Road') && n < 10; n += 1) spoken = await answer(`question-${n}`);
    expect(spoken).toContain('Harbour Road');
    expect(calls.seen).toHaveLength(1);
    expect(results.seen.map(({ payload }) => payload)).toEqual([
      { id: calls.seen[0]?.payload.id, result: { street: 'Harbour Road', number: 12 } },
    ]);
    const rejected = (now: ToolStatus) => now.state === 'rejected' || now.state === 'refused';
    expect(statuses.seen.filter(({ payload }) => rejected(payload))).toEqual([]);

    layer.kill('SIGINT');
    await once(layer, 'exit');
    for (let n = 0; spoken.includes('Harbour Road') && n < 10; n += 1) spoken = await answer(`later-${n}`);
    expect(spoken).not.toContain('Harbour Road');
  });
});
