import { afterAll, beforeAll, expect, it } from 'vitest';
import { level, type Speech, speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import { type Turn, turn } from '#shared/contract/thinker.ts';
import { align } from '../../bench/restart/align.ts';
import { heardByGemini, loadScenario, longSpeech } from '../../bench/restart/signals.ts';
import { audioInProcesses, sourceOutputs } from './harness/listeners.ts';
import { type Pm2Stack, preparePm2Stack } from './harness/pm2-stack.ts';
import { describeWith } from './harness/requires.ts';
import { BIT_EXACT_CARD, createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import { Watched } from './harness/watched.ts';

const SPOKEN_SECONDS = 10;

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'],
  'PM2 exchanges a process in the middle of a spoken question',
  () => {
    let card: VirtualSoundCard;
    let stack: Pm2Stack;

    beforeAll(async () => {
      card = await createVirtualSoundCard(BIT_EXACT_CARD);
      stack = await preparePm2Stack({
        ...card.env,
        // arecord takes 16 kHz, so that the path is bit-exact; PortAudio takes the device's own rate.
        CORTEX_AUDIO_INPUT: 'alsa:default',
        CORTEX_AUDIO_OUTPUT: 'null',
        CORTEX_CAMERA: 'off',
        VAD_MIN_SILENCE_MS: '1500',
      });
      const { code, output } = await stack.command('start');
      expect(code, output).toBe(0);
    }, 120_000);

    afterAll(async () => {
      await stack?.close();
      await card?.close();
    });

    /** The last question since then is the source, sample for sample. */
    async function expectHeardWhole(
      source: Int16Array,
      sinceMs: number,
      { turns, speeches }: { turns: Watched<Turn>; speeches: Watched<Speech> },
    ): Promise<void> {
      const questions = await heardByGemini(stack, sinceMs);
      const { lost, doubled, firstIndex, lastIndex } = align(source, questions.at(-1) ?? new Int16Array(0));
      const whole = { lost: [], doubled: [], firstIndex: 0, lastIndex: source.length - 1 };
      expect({ lost, doubled, firstIndex, lastIndex }, tell(questions, { turns, speeches })).toEqual(whole);
    }

    it.each([
      ['reload', 'audio-in'],
      ['restart', 'audio-in'],
      ['reload', 'thinker'],
      ['restart', 'thinker'],
    ])(
      'pm2 %s %s: every sample reaches Gemini, and it is answered',
      async (command, service) => {
        await loadScenario(stack, { turns: [{ reply: { kind: 'text', text: 'Thank you.' } }] });
        const bus = stack.connect();
        const turns = await Watched.on(bus, turn);
        const speeches = await Watched.on(bus, speech);
        const statuses = await Watched.on(bus, atTopic(status, { service }));
        const [before] = await stack.pids(service);
        const source = await longSpeech(SPOKEN_SECONDS);
        const spokenAtMs = Date.now();
        const speaking = card.speak(source, BIT_EXACT_CARD.micRateHz);
        await speeches.next(({ state }) => state === 'started');
        const microphones = watchMicrophones(card);
        await stack.pm2(command, service);
        await speaking;
        await turns.next(({ state }) => state === 'done');
        await microphones.stop();
        expect(statuses.seen.some(({ payload }) => payload.pid !== before)).toBe(true);
        await expectHeardWhole(source, spokenAtMs, { turns, speeches });
        // One before the handover, two in it, and afterwards one again.
        expect(microphones.most()).toBe(service === 'audio-in' ? 2 : 1);
        expect(microphones.last()).toBe(1);
        await bus.close();
      },
      60_000,
    );

    it.each([
      // The broker is not back yet when audio-in is told to leave.
      'broker audio-in',
      // Behind it, a new thinker is shown again what has been answered.
      'broker audio-in thinker',
      'all',
    ])(
      'pm2 restart %s: every sample reaches Gemini all the same, and it is answered',
      async (names) => {
        const bus = stack.connect();
        const turns = await Watched.on(bus, turn);
        const speeches = await Watched.on(bus, speech);
        const source = await longSpeech(SPOKEN_SECONDS);
        const spokenAtMs = Date.now();
        const speaking = card.speak(source, BIT_EXACT_CARD.micRateHz);
        const { utterance } = await speeches.next(({ state }) => state === 'started');
        await stack.pm2('restart', ...names.split(' '));
        await speaking;
        const isAnswered = () =>
          turns.seen.some(({ payload }) => payload.state === 'done' && payload.utterance === utterance);
        await expect
          .poll(isAnswered, { timeout: 60_000 })
          .toBe(true)
          .catch(async (error: unknown) => {
            throw new Error(tell(await heardByGemini(stack, 0), { turns, speeches }), { cause: error });
          });
        // With all of them the simulator is a new one, too: it has heard the question once, from its beginning.
        await expectHeardWhole(source, spokenAtMs, { turns, speeches });
        await expect.poll(() => sourceOutputs(card), { timeout: 15_000 }).toBe(1);
        await bus.close();
      },
      90_000,
    );

    it('pm2 stop audio-in leaves no process behind, and nobody listens', async () => {
      await stack.pm2('stop', 'audio-in');
      const bus = stack.connect();
      const levels = await Watched.on(bus, level);
      await expect.poll(() => audioInProcesses(stack), { timeout: 15_000 }).toEqual([]);
      expect(await sourceOutputs(card)).toBe(0);
      levels.seen.length = 0;
      await bus.close();
      await stack.pm2('start', 'audio-in');
      await expect.poll(() => sourceOutputs(card), { timeout: 15_000 }).toBe(1);
    }, 60_000);

    it('npm stop starts none', async () => {
      expect((await stack.command('stop')).code).toBe(0);
      expect(audioInProcesses(stack)).toEqual([]);
    }, 60_000);
  },
);

/** What was said and done, for whoever reads why it failed. */
function tell(
  questions: readonly Int16Array[],
  { turns, speeches }: { turns: Watched<Turn>; speeches: Watched<Speech> },
): string {
  return JSON.stringify({
    questions: questions.map(({ length }) => length),
    speech: speeches.seen.map(({ payload }) => payload),
    turns: turns.seen.map(({ payload }) => payload),
  });
}

function watchMicrophones(card: VirtualSoundCard) {
  const counts: number[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      counts.push(await sourceOutputs(card));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    most: () => Math.max(...counts),
    last: () => counts.at(-1),
    async stop() {
      over = true;
      await watching;
    },
  };
}
