import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { microphonePcm } from '#shared/contract/audio-in.ts';
import { fallback } from '#shared/contract/control.ts';
import { playback } from '#shared/contract/speaker.ts';
import { ask, replyPcm, session, transcript, turn } from '#shared/contract/thinker.ts';
import { findExcerpt } from './harness/correlation.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type Recording, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const QUESTION = 'services/audio-in/assets/sample-question.wav';
const REPLY_RATE_HZ = 24_000;

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'], 'a conversation on the virtual sound card', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;
  let recording: Recording;

  beforeAll(async () => {
    card = await createVirtualSoundCard();
    stack = await startTestStack({
      ...card.env,
      CORTEX_AUDIO_INPUT: 'portaudio',
      CORTEX_AUDIO_OUTPUT: 'portaudio',
      CORTEX_CAMERA: 'test',
    });
    await stack.start('live-sim');
    await Promise.all(['thinker', 'speaker', 'router', 'vision', 'audio-in'].map((name) => stack.start(name)));
    recording = await card.record('speaker', REPLY_RATE_HZ);
  });
  afterAll(async () => {
    await recording?.stop();
    await stack?.close();
    await card?.close();
  });

  it('answers a spoken question with a voice that the loudspeaker really plays', async () => {
    const turns = await stack.watch(turn);
    const transcripts = await stack.watch(transcript);
    const playbacks = await stack.watch(playback);
    const replies = await stack.watch(replyPcm);
    const microphone = await stack.watch(microphonePcm);

    const question = readWav(readFileSync(QUESTION));
    // The spoken part only; the silence behind it is the sample loop's.
    const spoken = question.samples.subarray(0, question.sampleRateHz * 3);
    await card.speak(spoken, question.sampleRateHz);

    const done = await turns.next(({ state }) => state === 'done');
    const finished = await playbacks.next(({ state, turn: number }) => state === 'finished' && number === done.turn);
    expect(done).toMatchObject({ backend: 'live' });
    expect(turns.seen.filter(({ payload }) => payload.turn === done.turn).map(({ payload }) => payload.state)).toEqual(
      expect.arrayContaining(['listening', 'thinking', 'speaking', 'done']),
    );
    await transcripts.next(({ role, final, turn: number }) => role === 'user' && final && number === done.turn);
    const answer = await transcripts.next(
      ({ role, final, turn: number }) => role === 'model' && final && number === done.turn,
    );
    expect(answer.text).toMatch(/simulated/i);
    expect(microphone.seen[0]?.payload.first).toBe(true);

    const reply = replies.seen
      .filter(({ payload }) => payload.stream === done.turn && !payload.resent)
      .map(({ payload }) => payload);
    const samples = Int16Array.from(reply.flatMap((frame) => [...frame.samples]));
    expect(finished.position).toBe(samples.length);

    // A quarter of a second out of the middle of the reply is found in what the loudspeaker played.
    const middle = Math.floor(samples.length / 2);
    const excerpt = samples.subarray(middle, middle + 6_000);
    expect(findExcerpt(recording.samples(), excerpt).correlation).toBeGreaterThan(0.9);
  });

  it('says what it is: connected, simulated, at level live', async () => {
    const sessions = await stack.watch(session);
    expect(await sessions.next(({ state }) => state === 'connected')).toMatchObject({ simulated: true });
    const levels = await stack.watch(fallback);
    expect(await levels.next(() => true)).toMatchObject({ level: 'live' });
  });

  it('publishes no microphone audio while nobody speaks', async () => {
    const microphone = await stack.watch(microphonePcm);
    const turns = await stack.watch(turn);
    // A text question takes a whole turn's time; in it the silent microphone must stay silent.
    stack.bus.publish(ask, { id: 'quiet', text: 'Are you there?' });
    await turns.next(({ state }) => state === 'done');
    expect(microphone.seen).toEqual([]);
  });
});
