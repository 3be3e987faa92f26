import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fallback, interrupt, privacy, volume } from '#shared/contract/control.ts';
import { decision, layer3Request, layer3Response } from '#shared/contract/layers.ts';
import { status } from '#shared/contract/service.ts';
import { alert } from '#shared/contract/speaker.ts';
import { say, session, transcript } from '#shared/contract/thinker.ts';
import type { RunningProcess } from './harness/processes.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

describe('the router beside a real broker', () => {
  let stack: TestStack;
  let router: RunningProcess;
  let turn = 1_000;

  beforeAll(async () => {
    stack = await startTestStack();
    router = await stack.start('router');
  });
  afterAll(async () => {
    await stack?.close();
  });

  /** Says it as the thinker would report it. Returns the turn's number. */
  function user(text: string): number {
    turn += 1;
    stack.bus.publish(transcript, { turn, role: 'user', text, final: true, at: Date.now() });
    return turn;
  }

  it('publishes level live at the first start', async () => {
    const levels = await stack.watch(fallback);
    expect(await levels.next(() => true)).toMatchObject({ level: 'live' });
  });

  it('obeys a spoken command and says so, on the topics of the contract', async () => {
    const [interrupts, volumes, blocked, alerts] = [
      await stack.watch(interrupt),
      await stack.watch(volume),
      await stack.watch(privacy),
      await stack.watch(alert),
    ];
    user('Stop.');
    expect(await interrupts.next(() => true)).toMatchObject({ source: 'voice-command' });
    user('Set the volume to fifty percent.');
    expect(await volumes.next(() => true)).toEqual({ volume: 0.5 });
    user('Turn the camera off, please.');
    expect(await blocked.next(() => true)).toEqual({ microphone: false, camera: true });
    expect(await alerts.next(({ text }) => text === 'Camera off.')).toMatchObject({ earcon: 'ready' });
  });

  it('carries a question to Layer 3 and its answer to the user', async () => {
    const [requests, spoken] = [await stack.watch(layer3Request), await stack.watch(say)];
    user('Where am I?');
    const { id } = await requests.next(({ intent }) => intent === 'where-am-i');
    stack.bus.publish(layer3Response, { id, text: 'Main Street, in front of number 4.', speak: true });
    expect(await spoken.next(() => true)).toMatchObject({ text: 'Main Street, in front of number 4.' });
  });

  it('keeps the level over a SIGKILL, without a word', async () => {
    const alerts = await stack.watch(alert);
    const levels = await stack.watch(fallback);
    const quota = { kind: 'quota', message: 'quota', retryable: false };
    stack.connect('thinker').publish(session, {
      state: 'backoff',
      model: 'test',
      attempt: 1,
      error: quota,
      resumable: false,
      simulated: true,
      since: Date.now(),
    });
    await levels.next(({ level }) => level === 'http');
    await alerts.next(({ text }) => text?.includes('quota') ?? false);
    await router.end('SIGKILL');
    const before = levels.seen.length;
    const said = alerts.seen.length;
    router = await stack.start('router');
    const decisions = await stack.watch(decision);
    const number = user('Why is the sky blue?');
    await decisions.next((made) => made.turn === number);
    expect(levels.seen.slice(before)).toEqual([]);
    expect(alerts.seen.slice(said)).toEqual([]);
  });

  it('decides everything exactly once while one router relieves another', async () => {
    const decisions = await stack.watch(decision);
    const statuses = await stack.watch(status);
    const numbers: number[] = [];
    const speaking = setInterval(() => numbers.push(user('Why is the sky blue?')), 20);
    const successor = await stack.start('router');
    await statuses.next(({ pid, state }) => pid === successor.pid && state === 'online');
    await router.end();
    router = successor;
    clearInterval(speaking);
    const last = user('Tell me a joke.');
    await decisions.next((made) => made.turn === last);
    const decided = decisions.seen.map(({ payload }) => payload.turn);
    expect(decided.filter((made) => made !== last)).toEqual(numbers);
  });

  it('acts at once on a final transcript, well within 50 ms', async () => {
    const interrupts = await stack.watch(interrupt);
    const tookMs: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      const before = interrupts.seen.length;
      const startMs = performance.now();
      user(`Stop. ${'Stop. '.repeat(round % 3)}`);
      await interrupts.next(() => interrupts.seen.length > before);
      tookMs.push(performance.now() - startMs);
    }
    // A socket with Nagle's algorithm on costs at least 40 ms each time. The best of fifty is free of a busy machine's noise.
    expect(Math.min(...tookMs)).toBeLessThan(30);
  });
});
