import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { alert } from '#shared/contract/speaker.ts';
import { describeWith } from './harness/requires.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { createVirtualSoundCard, type VirtualSoundCard } from './harness/virtual-sound-card.ts';

describeWith(['pulseaudio', 'pactl', 'arecord'], 'a microphone that opens and stays mute', () => {
  let card: VirtualSoundCard;
  let stack: TestStack;

  beforeEach(async () => {
    card = await createVirtualSoundCard();
    stack = await startTestStack(card.env);
  });

  afterEach(async () => {
    await stack?.close();
    await card?.close();
  });

  it.each(['portaudio', 'alsa:default'])(
    'is noticed under %s, told once, and given up for one that works',
    async (input) => {
      const fifo = join(stack.stateDir, 'mute');
      const source = ['source_name=mute', `file=${fifo}`, 'rate=16000', 'channels=1'];
      await card.pactl('load-module', 'module-pipe-source', ...source);
      await card.pactl('set-default-source', 'mute');
      const alerts = await stack.watch(alert);
      const audioIn = await stack.start('audio-in', { CORTEX_AUDIO_INPUT: input });
      await alerts.next(({ text }) => /does not work/.test(text ?? ''));
      const tries = () => audioIn.log.filter(({ msg }) => msg === 'no microphone; trying again').length;
      while (tries() < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      await card.pactl('set-default-source', 'mic.monitor');
      await alerts.next(({ text }) => /is back/.test(text ?? ''));
      expect(alerts.seen).toHaveLength(2);
    },
  );
});
