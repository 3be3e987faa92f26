import type { Settings } from '#shared/config/settings.ts';
import type { RuntimeSettings } from '#shared/contract/control.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { ListeningOptions } from './voice/listening.ts';

/** What can be changed while the microphone is open. */
export interface Switches {
  bargeIn: Settings['bargeIn'];
  echo: Settings['echo'];
  vadThreshold: number;
  minSpeechMs: number;
  minSilenceMs: number;
}

const SAMPLES_PER_MS = MICROPHONE_RATE_HZ / 1000;

/** The switches as they stand: a field that `overrides` does not name keeps the value the process was started with. */
export function switchesOf(settings: Settings, overrides: RuntimeSettings = {}): Switches {
  return {
    bargeIn: overrides.bargeIn ?? settings.bargeIn,
    echo: overrides.echo ?? settings.echo,
    vadThreshold: overrides.vadThreshold ?? settings.vadThreshold,
    minSpeechMs: overrides.minSpeechMs ?? settings.vadMinSpeechMs,
    minSilenceMs: overrides.minSilenceMs ?? settings.vadMinSilenceMs,
  };
}

export function listeningOptions(switches: Switches, settings: Settings, assistantSpeaking: boolean): ListeningOptions {
  return {
    threshold: switches.vadThreshold,
    minSpeechSamples: switches.minSpeechMs * SAMPLES_PER_MS,
    minSilenceSamples: switches.minSilenceMs * SAMPLES_PER_MS,
    prerollSamples: settings.vadPrerollMs * SAMPLES_PER_MS,
    echo: switches.echo,
    assistantSpeaking,
    continuous: settings.vadMode === 'server',
  };
}
