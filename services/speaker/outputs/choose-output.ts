import { join } from 'node:path';
import type { Settings } from '#shared/config/settings.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Clock } from '#shared/time/clock.ts';
import { aplayOutput } from './aplay-output.ts';
import { nullOutput } from './null-output.ts';
import type { OpenOutput } from './output.ts';
import { portAudioOutput } from './portaudio-output.ts';
import { wavFileOutput } from './wav-file-output.ts';

/** The output CORTEX_AUDIO_OUTPUT asks for. `auto` tries PortAudio, then ALSA, and records into the state folder at last. */
export function chooseOutput(
  { audioOutput, stateDir }: Pick<Settings, 'audioOutput' | 'stateDir'>,
  { clock, log }: { clock: Clock; log: Log },
): OpenOutput {
  switch (audioOutput.kind) {
    case 'portaudio':
      return portAudioOutput(audioOutput.device, clock);
    case 'alsa':
      return aplayOutput(audioOutput.pcm, clock);
    case 'file':
      return wavFileOutput(audioOutput.path, clock);
    case 'null':
      return nullOutput(clock);
    case 'auto':
      return automatic(join(stateDir, 'speaker.wav'), clock, log);
  }
}

function automatic(path: string, clock: Clock, log: Log): OpenOutput {
  return async (hooks) => {
    for (const open of [portAudioOutput(undefined, clock), aplayOutput('default', clock)]) {
      try {
        return await open(hooks);
      } catch (error) {
        log.info({ reason: messageOf(error) }, 'sound output not usable, trying the next');
      }
    }
    const output = await wavFileOutput(path, clock)(hooks);
    return { ...output, name: `${output.name} (no sound device found)` };
  };
}
