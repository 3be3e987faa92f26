import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { fallback } from '#shared/contract/control.ts';
import { alert, playback } from '#shared/contract/speaker.ts';
import { ask, replyPcm, session } from '#shared/contract/thinker.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { earcon } from '../../services/speaker/alerts/earcons.ts';
import type { Scenario } from '../../simulator/scenario/scenario.ts';
import { findExcerpt } from './harness/correlation.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

const RATE_HZ = 24_000;
const LONG_ANSWER = 'There is a long street in front of you. On the left is a bakery with an open door.';
const OTHERS = ['router', 'thinker', 'vision', 'audio-in'];

describeWith(['espeak-ng'], 'an alert, with every service dead but broker and speaker', () => {
  let stack: TestStack;

  afterEach(async () => {
    await stack?.close();
  });

  const heard = (file: string) => readWav(readFileSync(file)).samples;

  it.each([
    ['live', answering(LONG_ANSWER), {}],
    ['http', answering(LONG_ANSWER), { LAYER2_MODE: 'legacy' }],
    ['offline', { keys: ['the-only-good-key'] }, {}],
  ] as const)('pauses the reply at level %s, sounds, and lets the reply go on', async (level, scenario, settings) => {
    stack = await startTestStack();
    const file = join(stack.stateDir, 'heard.wav');
    const scenarioFile = join(stack.stateDir, 'scenario.json');
    writeFileSync(scenarioFile, JSON.stringify(scenario));
    const [levels, sessions, replies, playbacks] = [
      await stack.watch(fallback),
      await stack.watch(session),
      await stack.watch(replyPcm),
      await stack.watch(playback),
    ];
    await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: `file:${file}` });
    const others = [await stack.start('live-sim', { CORTEX_SIM_SCENARIO: scenarioFile })];
    const env = { ...settings, CORTEX_AUDIO_INPUT: 'off', CORTEX_CAMERA: 'test' };
    others.push(...(await Promise.all(OTHERS.map((name) => stack.start(name, env)))));
    await levels.next((now) => now.level === level);
    if (level === 'live') await sessions.next(({ state }) => state === 'connected');

    stack.bus.publish(ask, { id: 'street', text: 'Tell me about the weather.' });
    const { stream: turn } = await replies.next(({ last }) => last);
    await playbacks.next((now) => now.turn === turn && now.state === 'progress');
    await Promise.all(others.map((process) => process.end('SIGKILL')));

    const before = heard(file).length;
    const seen = playbacks.seen.length;
    stack.bus.publish(alert, { id: 'stairs', earcon: 'danger', text: 'Stop. Stairs ahead.' });
    const finished = await playbacks.next((now) => now.turn === turn && now.state === 'finished');
    const later = playbacks.seen.slice(seen).map(({ payload }) => payload);
    const paused = later.find(({ state }) => state === 'paused');
    expect(later.map(({ state }) => state).filter((state) => state !== 'progress')).toEqual([
      'paused',
      'resumed',
      'finished',
    ]);

    const reply = samplesOf(replies.seen.map(({ payload }) => payload).filter(({ stream }) => stream === turn));
    expect(finished.position).toBe(reply.length);
    const recording = heard(file).subarray(before);
    const sound = findExcerpt(recording.subarray(0, RATE_HZ), earcon('danger', RATE_HZ).subarray(0, 0.14 * RATE_HZ));
    expect(sound.correlation).toBeGreaterThan(0.95);
    // Behind the alert, the reply from the very place at which it was paused; 10 ms of it are a ramp.
    const rest = findVoice(reply, paused?.position ?? 0);
    const resumed = findExcerpt(recording.subarray(0, 5 * RATE_HZ), reply.subarray(rest, rest + 0.1 * RATE_HZ));
    expect(resumed.correlation).toBeGreaterThan(0.95);
    expect(resumed.offset).toBeGreaterThan(sound.offset + earcon('danger', RATE_HZ).length);
  });
});

/** The model's words at levels live and http. */
function answering(text: string): Scenario {
  return { turns: [{ reply: { kind: 'text', text } }], requests: [{ method: 'stream', text }] };
}

/** The stream as one piece; frames that were sent again count once. */
function samplesOf(frames: readonly PcmFrame[]): Int16Array {
  const end = Math.max(...frames.map(({ position, samples }) => position + samples.length));
  const whole = new Int16Array(end);
  for (const { position, samples } of frames) whole.set(samples, position);
  return whole;
}

/** The first place at or behind `from`, past the ramp, that is loud enough to be found again. */
function findVoice(reply: Int16Array, from: number): number {
  const behindRamp = from + 0.02 * RATE_HZ;
  const loud = reply.subarray(behindRamp).findIndex((sample) => Math.abs(sample) > 4_000);
  return behindRamp + Math.max(0, loud);
}
