import { afterEach, describe, expect, it } from 'vitest';
import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { fallback, interrupt, volume } from '#shared/contract/control.ts';
import { decision } from '#shared/contract/layers.ts';
import { transcript, turn } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';

const RATE_HZ = 16_000;

describe('spoken commands where only HTTP answers', () => {
  let stack: TestStack;
  let microphone: PcmPublisher | undefined;
  let utterance = Math.floor(Date.now() / 1000);

  afterEach(async () => {
    microphone?.stop();
    await stack?.close();
  });

  /** Half a second of sound, as audio-in publishes an utterance; what it says is the scenario's. */
  function speak(publisher: PcmPublisher, bus: ReturnType<TestStack['connect']>): number {
    utterance += 1;
    const stream = utterance;
    const at = Date.now();
    bus.publish(speech, { utterance, state: 'started', probability: 0.9, speechMs: 250, at });
    publisher.publish({
      ...{ sampleRateHz: RATE_HZ, stream, position: 0, timeUs: at * 1000 },
      ...{ first: true, last: true, resent: false },
      samples: new Int16Array(RATE_HZ / 2).fill(3_000),
    });
    bus.publish(speech, { utterance, state: 'ended', probability: 0.1, speechMs: 500, at });
    return stream;
  }

  it('"louder" turns the volume up and "stop" silences; each is heard as a command and answered by nobody else', async () => {
    stack = await startTestStack({ CORTEX_AUDIO_OUTPUT: 'null', ENABLE_LIVE_API: 'false' });
    const [levels, volumes, interrupts] = [
      await stack.watch(fallback),
      await stack.watch(volume),
      await stack.watch(interrupt),
    ];
    const [decisions, transcripts, turns] = [
      await stack.watch(decision),
      await stack.watch(transcript),
      await stack.watch(turn),
    ];
    await stack.start('live-sim');
    await Promise.all(['thinker', 'router', 'speaker'].map((name) => stack.start(name)));
    await levels.next(({ level }) => level === 'http');
    const bus = stack.connect('audio-in');
    microphone = await startPcmPublisher(bus, { pcm: microphonePcm, resend: microphoneResend }, 10 * RATE_HZ);

    for (const [words, intent] of [
      ['Turn the volume to fifty percent.', 'volume-set'],
      ['Louder.', 'louder'],
      ['Stop.', 'stop'],
    ] as const) {
      const response = await fetch(`http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/scenario`, {
        method: 'POST',
        body: JSON.stringify({ requests: [{ method: 'stream', hears: words }] }),
      });
      expect(response.status).toBe(200);
      const spoken = speak(microphone, bus);
      const heard = await transcripts.next(({ role, text }) => role === 'user' && text === words);
      const made = await decisions.next((now) => now.turn === heard.turn);
      expect([made.layer, made.intent]).toEqual([1, intent]);
      const over = await turns.next(
        (now) => now.turn === heard.turn && ['done', 'interrupted', 'failed'].includes(now.state),
      );
      expect(over).toMatchObject({ utterance: spoken, backend: 'http', state: 'interrupted' });
    }
    expect(volumes.seen[0]?.payload.volume).toBe(0.5);
    expect(volumes.seen[1]?.payload.volume).toBeGreaterThan(0.5);
    expect(interrupts.seen.every(({ payload }) => payload.source === 'voice-command')).toBe(true);
    expect(interrupts.seen.length).toBeGreaterThanOrEqual(3);
  });
});
