import type { RuntimeSettings } from '#shared/contract/control.ts';
import type { Settings } from './settings.ts';

/**
 * Whether the Live API shall be used. `ENABLE_LIVE_API=false` is the same as `LAYER2_MODE=legacy`, and `control/settings`
 * overrides both while it names `layer2Mode`. Router and thinker must not differ here: one decides, the other answers.
 */
export function isLiveWanted(
  settings: Pick<Settings, 'enableLiveApi' | 'layer2Mode'>,
  { layer2Mode }: RuntimeSettings = {},
): boolean {
  if (layer2Mode) return layer2Mode === 'live';
  return settings.enableLiveApi && settings.layer2Mode === 'live';
}
