import { describe, expect, it } from 'vitest';
import { isLiveWanted } from './live-wanted.ts';
import { loadSettings } from './load-settings.ts';

describe('whether the Live API is wanted', () => {
  it.each([
    [{}, {}, true],
    [{ ENABLE_LIVE_API: 'false' }, {}, false],
    [{ LAYER2_MODE: 'legacy' }, {}, false],
    [{ ENABLE_LIVE_API: 'false' }, { layer2Mode: 'live' }, true],
    [{ LAYER2_MODE: 'legacy' }, { layer2Mode: 'live' }, true],
    [{}, { layer2Mode: 'legacy' }, false],
    [{}, { muted: true }, true],
  ] as const)('is told by the settings %j and the run-time switches %j', (environment, overrides, wanted) => {
    expect(isLiveWanted(loadSettings(environment), overrides)).toBe(wanted);
  });
});
