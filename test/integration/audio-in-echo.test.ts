import { afterEach, expect, it } from 'vitest';
import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { createResampler } from '#shared/audio/resampler.ts';
import { type Interrupt, interrupt } from '#shared/contract/control.ts';
import { type Playback, playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { describeWith } from './harness/requires.ts';
import { createRoom, type Room } from './harness/room.ts';
import { Stalls } from './harness/stalls.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import type { Watched } from './harness/watched.ts';

const REPLY =
  'You are standing in front of a wide staircase with a metal handrail on the right side. Two people are walking ' +
  'towards you, one of them with a dog. Behind them I can see a fountain, a blue bicycle, and a green door. To your ' +
  'left there is a bakery with a large window, and a woman is putting bread on the shelves. The pavement is wet. ';
const DELAY_MS = 40;
const PERSON_GAIN = 0.9;

interface Ears {
  interrupts: Watched<Interrupt>;
  playbacks: Watched<Playback>;
  room: Room;
}

async function voiceOf(text: string, voice: string, rateHz: number, gain = 1): Promise<Int16Array> {
  const { samples, sampleRateHz } = await speakWithEspeak(text, { voice });
  const resampler = await createResampler(sampleRateHz, rateHz);
  return resampler.process(samples).map((sample) => Math.round(sample * gain));
}

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'parec', 'aplay', 'espeak-ng'],
  'a loudspeaker that the microphone hears',
  () => {
    let card: VirtualSoundCard;
    let room: Room | undefined;
    let stack: TestStack | undefined;
    let publisher: PcmPublisher;
    let turn = 1_000;

    afterEach(async () => {
      await stack?.close();
      await room?.close();
      await card?.close();
      [stack, room] = [undefined, undefined];
    });

    /** Microphone, speaker and the room between them; the canceller between the room and both where it is asked for. */
    async function prepare(echo: 'aec' | 'half-duplex', echoDb: number) {
      card = await createVirtualSoundCard();
      room = await createRoom(card, { echoDb, delayMs: DELAY_MS });
      if (echo === 'aec') await loadCanceller(room.source);
      stack = await startTestStack(card.env);
      const pcm = { pcm: replyPcm, resend: replyResend };
      publisher = await startPcmPublisher(stack.connect('thinker'), pcm, 200 * REPLY_RATE_HZ);
      const watched = {
        interrupts: await stack.watch(interrupt),
        playbacks: await stack.watch(playback),
      };
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: 'portaudio', ECHO: echo });
      await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'auto', ECHO: echo });
      await audioIn.logged(({ msg }) => msg === 'microphone open');
      return { ...watched, room };
    }

    /** As docs/raspberry-pi.md says. */
    async function loadCanceller(source: string): Promise<void> {
      const names = [
        'source_name=echo-cancel-source',
        'sink_name=echo-cancel-sink',
        `source_master=${source}`,
        'sink_master=speaker',
      ];
      const args = 'aec_args="analog_gain_control=0 digital_gain_control=0"';
      await card.pactl('load-module', 'module-echo-cancel', 'aec_method=webrtc', ...names, args);
      await card.pactl('set-default-source', 'echo-cancel-source');
      await card.pactl('set-default-sink', 'echo-cancel-sink');
    }

    /** Publishes a reply in one burst, as Gemini does; the number of its turn. */
    function reply(samples: Int16Array): number {
      turn += 1;
      const frame = REPLY_RATE_HZ / 10;
      for (let position = 0; position < samples.length; position += frame) {
        const last = position + frame >= samples.length;
        const chunk = samples.slice(position, position + frame);
        const times = { sampleRateHz: REPLY_RATE_HZ, stream: turn, position, timeUs: Date.now() * 1_000 };
        publisher.publish({ ...times, first: position === 0, last, resent: false, samples: chunk });
      }
      return turn;
    }

    /** A person begins to speak when this much of a reply has been heard, and is obeyed. */
    async function talkOver(afterMs: number, voice: Int16Array, { interrupts, playbacks, room }: Ears): Promise<void> {
      const person = await voiceOf('Stop, what colour is the door?', 'en+f3', 16_000, PERSON_GAIN);
      const number = reply(voice);
      await playbacks.next(({ turn: of, playedMs }) => of === number && playedMs >= afterMs);
      void room.speak(person);
      const cut = await over(playbacks, number);
      expect(cut.state).toBe('interrupted');
      expect(cut.playedMs).toBeLessThan(afterMs + 2_000);
      expect(interrupts.seen).toMatchObject([{ payload: { source: 'barge-in' } }]);
    }

    const over = (playbacks: Watched<Playback>, number: number) =>
      playbacks.next(({ turn: of, state }) => of === number && (state === 'finished' || state === 'interrupted'));

    it('aec: a reply of two minutes is not interrupted by itself, and a person interrupts the next', async () => {
      const { interrupts, playbacks, room } = await prepare('aec', -15);
      const voice = await voiceOf(REPLY.repeat(9), 'en', REPLY_RATE_HZ, 0.6);
      expect(voice.length).toBeGreaterThan(120 * REPLY_RATE_HZ);
      const stalls = new Stalls();
      const alone = reply(voice);
      const finished = await over(playbacks, alone);
      await stalls.stop();
      const hiccups = playbacks.seen.filter(({ payload }) => payload.state === 'paused');
      // While the canceller adapts there may be a hiccup; later there is none but where the machine stood still.
      expect(hiccups.filter(({ payload }) => payload.playedMs > 5_000).length).toBeLessThanOrEqual(stalls.count);
      expect(finished).toMatchObject({ state: 'finished', position: voice.length });
      expect(interrupts.seen).toEqual([]);
      await talkOver(5_000, voice, { interrupts, playbacks, room });
    }, 240_000);

    // At the loudest a person who speaks up is some 10 dB louder than the echo, as somebody is who wears the loudspeaker.
    it.each([-15, -6, 0])(
      'half-duplex, the loudspeaker at %i dB in the microphone: a reply is not interrupted by itself, and a firm word interrupts the next',
      async (echoDb) => {
        const { interrupts, playbacks, room } = await prepare('half-duplex', echoDb);
        const voice = await voiceOf(REPLY, 'en', REPLY_RATE_HZ, 0.25);
        expect(await over(playbacks, reply(voice))).toMatchObject({ state: 'finished', position: voice.length });
        expect(interrupts.seen).toEqual([]);
        await talkOver(2_000, voice, { interrupts, playbacks, room });
      },
      120_000,
    );
  },
);
