import type { MqttClient } from 'mqtt';
import type { Bus } from '#shared/bus/bus.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { playback } from '#shared/contract/speaker.ts';
import { turn } from '#shared/contract/thinker.ts';
import { Watched } from '../../test/integration/harness/watched.ts';

/** Some of what was sent were valid commands: what a person has switched off stays off until he switches it on again. */
export async function switchBackOn(stranger: MqttClient): Promise<void> {
  for (const [topic, payload] of [
    ['privacy', '{"microphone":false,"camera":false}'],
    ['settings', '{"layer2Mode":"live","muted":false}'],
    ['volume', '{"volume":1}'],
  ])
    await stranger.publishAsync(`cortex/control/${topic}`, payload ?? '', { qos: 1, retain: true });
}

/**
 * Resolves when something is spoken, answered, and the answer sounds. Without a microphone a sample question is spoken every
 * quarter of a minute.
 */
export async function spokenQuestionAnswered(bus: Bus): Promise<void> {
  const turns = await Watched.on(bus, turn);
  const [utterances, playbacks] = [await Watched.on(bus, speech), await Watched.on(bus, playback)];
  const isSpoken = (utterance: number | undefined) =>
    utterances.seen.some(({ payload }) => payload.state === 'ended' && payload.utterance === utterance);
  await playbacks.next(
    ({ turn: number, position }) =>
      position > 0 && turns.seen.some(({ payload }) => payload.turn === number && isSpoken(payload.utterance)),
  );
}

/** Asks in text, and resolves when that question has been answered. */
export async function textQuestionAnswered(bus: Bus, stranger: MqttClient): Promise<void> {
  const turns = await Watched.on(bus, turn);
  const askedMs = Date.now();
  await stranger.publishAsync('cortex/thinker/ask', '{"id":"after","text":"Are you still there?"}', { qos: 1 });
  // Interrupted by the next sample question it is answered, too.
  await turns.next(
    ({ utterance, timings, state }) =>
      utterance === undefined &&
      (timings?.['questionEnded'] ?? 0) >= askedMs &&
      ['done', 'interrupted'].includes(state),
  );
}
