import { afterAll, beforeAll, expect, it } from 'vitest';
import { handover, speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { status } from '#shared/contract/service.ts';
import { turn } from '#shared/contract/thinker.ts';
import { isProcessAlive } from '#shared/lifecycle/process-alive.ts';
import { loadScenario, longSpeech } from '../../bench/restart/signals.ts';
import { audioInProcesses, sourceOutputs } from './harness/listeners.ts';
import { type Pm2Stack, preparePm2Stack } from './harness/pm2-stack.ts';
import { describeWith } from './harness/requires.ts';
import { BIT_EXACT_CARD, createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import { Watched } from './harness/watched.ts';

/** Longer than a restart takes on a busy machine, so that the death falls into the sentence. */
const SPOKEN_SECONDS = 12;

describeWith(
  ['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'],
  'the interim process of a restart, killed in the middle of a spoken question',
  () => {
    let card: VirtualSoundCard;
    let stack: Pm2Stack;

    beforeAll(async () => {
      card = await createVirtualSoundCard(BIT_EXACT_CARD);
      stack = await preparePm2Stack({
        ...card.env,
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

    it.each([
      ['before it has taken over', 'young'],
      ['as soon as it listens alone, before the next one is there', 'alone'],
      ['while the next one listens along', 'followed'],
    ] as const)(
      '%s: one listens afterwards, and what is left of the question is answered',
      async (_when, when) => {
        await loadScenario(stack, { turns: [{ reply: { kind: 'text', text: 'Thank you.' } }] });
        const bus = stack.connect();
        const [turns, speeches, handovers] = [
          await Watched.on(bus, turn),
          await Watched.on(bus, speech),
          await Watched.on(bus, handover),
        ];
        const statuses = await Watched.on(bus, atTopic(status, { service: 'audio-in' }));
        const [before = 0] = await stack.pids('audio-in');
        const speaking = card.speak(await longSpeech(SPOKEN_SECONDS), BIT_EXACT_CARD.micRateHz);
        await speeches.next(({ state }) => state === 'started');
        const restarted = stack.pm2('restart', 'audio-in');
        const interim = await handovers.next(({ pid }) => pid !== before);
        if (when !== 'young') await handovers.next(({ state, pid }) => state === 'taken' && pid === interim.pid);
        if (when === 'alone')
          await expect.poll(() => isProcessAlive(before), { timeout: 10_000, interval: 5 }).toBe(false);
        if (when === 'followed') {
          await handovers.next(({ pid }) => pid !== before && pid !== interim.pid);
          await expect.poll(() => sourceOutputs(card), { timeout: 10_000, interval: 20 }).toBe(2);
        }
        process.kill(interim.pid, 'SIGKILL');
        const killed = speeches.seen.length;
        await restarted;
        await speaking;
        const [after = 0] = await stack.pids('audio-in');
        const story = () =>
          JSON.stringify({
            pids: { before, interim: interim.pid, after },
            handovers: handovers.seen.map(({ payload: { state, pid } }) => [state, pid]),
            statuses: statuses.seen.map(({ payload: { state, pid } }) => [state, pid]),
            speech: speeches.seen.map(({ payload: { utterance, state } }) => [utterance, state]),
            turns: turns.seen.map(({ payload }) => [payload.turn, payload.state, payload.utterance]),
          });
        await expect
          .poll(
            () =>
              speeches.seen
                .slice(killed)
                .filter(({ payload }) => payload.state === 'ended')
                .some(({ payload: { utterance } }) =>
                  turns.seen.some(({ payload }) => payload.utterance === utterance && payload.state === 'done'),
                ) || story(),
            { timeout: 20_000 },
          )
          .toBe(true);
        expect(await sourceOutputs(card), story()).toBe(1);
        expect(audioInProcesses(stack), story()).toEqual([after]);
        expect(statuses.seen.at(-1)?.payload, story()).toMatchObject({ state: 'online', pid: after });
        await bus.close();
      },
      60_000,
    );
  },
);
