import { describe, expect, it } from 'vitest';
import { keptChannel } from './kept.ts';

describe('a retained value that outlives the broker', () => {
  it.each([
    ['control/privacy', true],
    ['control/settings', true],
    ['control/volume', true],
    ['control/fallback', true],
    ['tools/compass/declare', true],
    ['control/interrupt', false],
    ['tools/compass/call', false],
    ['vision/frame', false],
    ['thinker/session', false],
    ['speaker/status', false],
  ])('%s: %s', (topic, kept) => {
    expect(keptChannel(topic) !== undefined).toBe(kept);
  });
});
