import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { fallback, interrupt } from '#shared/contract/control.ts';
import { alert, playback } from '#shared/contract/speaker.ts';
import { session, turn } from '#shared/contract/thinker.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { earcon } from '../../services/speaker/alerts/earcons.ts';
import { findExcerpt } from './harness/correlation.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';
import { Watched } from './harness/watched.ts';

/** Each round is everything the user notices; ROUTER_AWAY_MS=60000 keeps the router away for a whole minute. */
const AWAY_MS = Number(process.env['ROUTER_AWAY_MS'] ?? 0);
const QUESTION = readWav(readFileSync('services/audio-in/assets/sample-question.wav'));
const DANGER = earcon('danger', REPLY_RATE_HZ).subarray(0, 0.14 * REPLY_RATE_HZ);

let stack: TestStack;
let card: VirtualSoundCard | undefined;

afterEach(async () => {
  await stack?.close();
  await card?.close();
});

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec', 'espeak-ng'], 'while the router is away', () => {
  it(
    'questions are answered and interrupted, alerts sound, the level stands; its return is not noticed',
    async ({ annotate }) => {
      card = await createVirtualSoundCard();
      const { speak, record } = card;
      stack = await startTestStack({ ...card.env, CORTEX_AUDIO_INPUT: 'portaudio', CORTEX_AUDIO_OUTPUT: 'auto' });
      await stack.start('live-sim');
      const [router] = await Promise.all(['router', 'thinker', 'speaker', 'audio-in'].map((name) => stack.start(name)));
      await (await stack.watch(session)).next(({ state }) => state === 'connected');
      await fetch(`http://127.0.0.1:${stack.env['CORTEX_SIM_PORT']}/control/scenario`, {
        method: 'POST',
        body: JSON.stringify({ turns: [{ reply: { kind: 'tone', seconds: 20 } }] }),
      });
      const [turns, playbacks, interrupts, levels, alerts] = [
        await stack.watch(turn),
        await stack.watch(playback),
        await stack.watch(interrupt),
        await stack.watch(fallback),
        await stack.watch(alert),
      ];
      await levels.next(({ level }) => level === 'live');
      const recording = await record('speaker', REPLY_RATE_HZ);
      const ask = () => speak(QUESTION.samples.subarray(0, 3 * QUESTION.sampleRateHz), QUESTION.sampleRateHz);

      await router?.end('SIGKILL');
      const goneAtMs = Date.now();
      let answered = 0;
      do {
        const after = Math.max(0, ...turns.seen.map(({ payload }) => payload.turn));
        await ask();
        const first = await turns.next(({ turn: number, state }) => number > after && state === 'speaking');
        expect(first.backend).toBe('live');
        await playbacks.next(({ turn: number, state }) => number === first.turn && state === 'progress');

        const heardUntil = recording.samples().length;
        stack.bus.publish(alert, { id: `stairs-${answered}`, earcon: 'danger', text: 'Stairs ahead.' });
        await playbacks.next(({ turn: number, state }) => number === first.turn && state === 'resumed');
        const enough = recording.samples().length + REPLY_RATE_HZ / 5;
        const heard = await recording.until((samples) => (samples.length > enough ? samples : undefined));
        expect(findExcerpt(heard.subarray(heardUntil), DANGER).correlation).toBeGreaterThan(0.9);

        const before = interrupts.seen.length;
        const [bargedIn] = await Promise.all([
          playbacks.next(({ turn: number, state }) => number === first.turn && state === 'interrupted'),
          ask(),
        ]);
        expect(bargedIn.position).toBeLessThan(20 * REPLY_RATE_HZ);
        expect(interrupts.seen.slice(before).map(({ payload }) => payload.source)).toContain('barge-in');
        const second = await turns.next(({ turn: number, state }) => number > first.turn && state === 'speaking');
        expect(second.backend).toBe('live');
        stack.bus.publish(interrupt, { id: `enough-${answered}`, source: 'operator', at: Date.now() });
        await turns.next(({ turn: number, state }) => number === second.turn && state === 'interrupted');
        answered += 2;
      } while (Date.now() - goneAtMs < AWAY_MS);
      await annotate(`away for ${((Date.now() - goneAtMs) / 1_000).toFixed(1)} s: ${answered} questions, all answered`);

      const late = await Watched.on(stack.connect('guest'), fallback);
      expect(await late.next(() => true)).toMatchObject({ level: 'live' });
      await stack.start('router');
      expect(levels.seen.map(({ payload }) => payload.level)).toEqual(['live']);
      expect(alerts.seen.filter(({ payload }) => payload.id.startsWith('router-'))).toEqual([]);
      await recording.stop();
    },
    60_000 + 2 * AWAY_MS,
  );
});
