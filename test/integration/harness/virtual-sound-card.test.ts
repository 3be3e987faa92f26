import { expect, it } from 'vitest';
import { levelOf } from '#shared/audio/level.ts';
import { describeWith } from './requires.ts';
import { createVirtualSoundCard } from './virtual-sound-card.ts';

describeWith(['pulseaudio', 'pactl', 'pacat', 'parec'], 'the virtual sound card', () => {
  it('records from the microphone what was spoken into it', async () => {
    const card = await createVirtualSoundCard();
    try {
      const recording = await card.record('mic', 16_000);
      const tone = Int16Array.from({ length: 8_000 }, (_unused, index) => Math.round(8_000 * Math.sin(index / 5)));
      await card.speak(tone, 16_000);
      const loud = (samples: Int16Array) => (levelOf(samples).peak > -15 ? true : undefined);
      expect(await recording.until(loud)).toBe(true);
      await recording.stop();
    } finally {
      await card.close();
    }
  });
});
