import type { AudioInput } from '#shared/config/devices.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Clock } from '#shared/time/clock.ts';
import { assetPath } from '../project-root.ts';
import { arecordMicrophone } from './arecord-microphone.ts';
import type { Microphone } from './microphone.ts';
import { portaudioMicrophone } from './portaudio-microphone.ts';
import { wavMicrophone } from './wav-microphone.ts';

/** The microphone that CORTEX_AUDIO_INPUT names; undefined for `off`. */
export function chooseMicrophone(input: AudioInput, clock: Clock, log: Log): Microphone | undefined {
  switch (input.kind) {
    case 'off':
      return undefined;
    case 'portaudio':
      return portaudioMicrophone(input.device, clock);
    case 'alsa':
      return arecordMicrophone(input.pcm, clock);
    case 'file':
      return wavMicrophone({ ...input, clock });
    case 'auto':
      return automaticMicrophone(
        [portaudioMicrophone(undefined, clock), arecordMicrophone('default', clock)],
        wavMicrophone({
          path: assetPath('sample-question.wav'),
          loop: true,
          clock,
          standsInFor: 'no microphone found: a spoken sample question in a loop',
        }),
        log,
      );
  }
}

/**
 * The first of `devices` that opens, else `standIn`. Once a device has opened the stand-in is never used again: a person
 * whose headset was unplugged must not hear the assistant talk to a recording.
 */
export function automaticMicrophone(devices: Microphone[], standIn: Microphone, log: Log): Microphone {
  let seenDevice = false;
  return {
    async open(listener) {
      let lastError: unknown;
      for (const device of devices) {
        try {
          const capture = await device.open(listener);
          seenDevice = true;
          return capture;
        } catch (error) {
          lastError = error;
          log.debug({ reason: messageOf(error) }, 'this microphone cannot be used');
        }
      }
      if (seenDevice) throw lastError;
      return standIn.open(listener);
    },
  };
}
