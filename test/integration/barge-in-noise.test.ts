import { afterEach, expect, it } from 'vitest';
import { interrupt } from '#shared/contract/control.ts';
import { playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { cough, inQuietRoom, RATE_HZ, soundsIn } from '../../bench/sounds.ts';
import { publishCoded } from './harness/coded-reply.ts';
import { findCoded } from './harness/coded-signal.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

const LEVELS_DBFS = [-3, -15, -27];
const TURN = 1_000;

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'aplay'], 'noise while a reply sounds', () => {
  let card: VirtualSoundCard | undefined;
  let stack: TestStack | undefined;

  afterEach(async () => {
    await stack?.close();
    await card?.close();
  });

  it('horns, dogs, telephones and coughs at three levels: every sample of the reply is heard', async () => {
    card = await createVirtualSoundCard();
    await card.plug('headset');
    stack = await startTestStack({ ...card.env, PULSE_SINK: 'headset' });
    const pcm = { pcm: replyPcm, resend: replyResend };
    const publisher = await startPcmPublisher(stack.connect('thinker'), pcm, 120 * REPLY_RATE_HZ);
    const [playbacks, interrupts] = [await stack.watch(playback), await stack.watch(interrupt)];
    await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'alsa:default' });
    const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: 'portaudio' });
    await audioIn.logged(({ msg }) => msg === 'microphone open');

    const sounds = [...(await soundsIn('test/fixtures/noise')), cough(11, 1), cough(23, 2)];
    const street = LEVELS_DBFS.flatMap((level) => sounds.map(({ samples }) => inQuietRoom(samples, level)));
    const seconds = Math.ceil(street.reduce((sum, { length }) => sum + length, 0) / RATE_HZ) + 2;
    const recording = await card.record('headset', REPLY_RATE_HZ);
    publishCoded(publisher, TURN, seconds);
    await playbacks.next(({ state }) => state === 'started');
    await card.speak(Int16Array.from(street.flatMap((samples) => [...samples])), RATE_HZ);
    const over = await playbacks.next(({ state }) => state === 'finished' || state === 'interrupted');
    expect(over).toMatchObject({ state: 'finished', position: seconds * REPLY_RATE_HZ });
    expect(interrupts.seen).toEqual([]);
    const end = seconds * REPLY_RATE_HZ - 1;
    await recording.until((samples) => (samples.length > end && samples.at(-1) === 0) || undefined);
    // Where it paused and went on there are ramps; no sample is missing from them. A sound server on a busy machine may repeat some.
    expect(findCoded(await recording.stop())).toMatchObject({ first: 0, last: end, lost: 0 });
  }, 200_000);
});
