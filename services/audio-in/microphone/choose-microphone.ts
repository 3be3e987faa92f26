import { pactlSoundServer } from '#shared/audio/sound-server.ts';
import type { AudioInput } from '#shared/config/devices.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Clock } from '#shared/time/clock.ts';
import { assetPath } from '../project-root.ts';
import { arecordMicrophone } from './arecord-microphone.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';
import { withoutMonitor } from './monitor-guard.ts';
import { portaudioMicrophone } from './portaudio-microphone.ts';
import { wavMicrophone } from './wav-microphone.ts';

/** The microphone that CORTEX_AUDIO_INPUT names; undefined for `off`. What a loudspeaker plays has to be named as a monitor. */
export function chooseMicrophone(input: AudioInput, clock: Clock, log: Log): Microphone | undefined {
  const server = pactlSoundServer();
  const guarded = (microphone: Microphone, name = '') =>
    /monitor/i.test(name) ? microphone : withoutMonitor(microphone, server);
  switch (input.kind) {
    case 'off':
      return undefined;
    case 'portaudio':
      return guarded(portaudioMicrophone(input.device, clock), input.device);
    case 'alsa':
      return guarded(arecordMicrophone(input.pcm, clock), input.pcm);
    case 'file':
      return wavMicrophone({ ...input, clock });
    case 'auto':
      return automaticMicrophone(
        [guarded(arecordMicrophone('default', clock)), guarded(portaudioMicrophone(undefined, clock))],
        guarded(arecordMicrophone('default', clock)),
        wavMicrophone({
          path: assetPath('sample-question.wav'),
          loop: true,
          clock,
          standsInFor: 'no microphone found: a spoken sample question in a loop',
        }),
        { clock, log },
      );
  }
}

/**
 * The first of `devices` that opens, else `standIn`. Once a device has opened the stand-in is never used again: a person
 * whose headset was unplugged must not hear the assistant talk to a recording. While the stand-in plays, `probe` (the
 * quietest of the devices) is tried now and then, and the stand-in makes way as soon as it opens.
 */
export function automaticMicrophone(
  devices: readonly Microphone[],
  probe: Microphone,
  standIn: Microphone,
  { clock, log }: { clock: Clock; log: Log },
): Microphone {
  let seenDevice = false;

  async function openDevice(listener: CaptureListener, signal: AbortSignal): Promise<Capture> {
    let lastError: unknown;
    for (const device of devices) {
      try {
        const capture = await device.open(listener, signal);
        seenDevice = true;
        return capture;
      } catch (error) {
        lastError = error;
        log.debug({ reason: messageOf(error) }, 'this microphone cannot be used');
      }
    }
    throw new CortexError('no-microphone', messageOf(lastError), { retryable: true, cause: lastError });
  }

  async function openStandIn(listener: CaptureListener, signal: AbortSignal): Promise<Capture> {
    const capture = await standIn.open(listener, signal);
    const probing = new AbortController();
    const cancel = clock.every(PROBE_EVERY_MS, () => {
      probe.open(IGNORE, probing.signal).then(
        async (found) => {
          cancel();
          await found.close();
          if (!probing.signal.aborted) listener.lost(new CortexError('stand-in-over', 'a microphone is there now'));
        },
        (error) => log.trace({ reason: messageOf(error) }, 'still no microphone'),
      );
    });
    return {
      ...capture,
      close() {
        cancel();
        probing.abort();
        return capture.close();
      },
    };
  }

  return {
    async open(listener, signal) {
      try {
        return await openDevice(listener, signal);
      } catch (error) {
        if (seenDevice || signal.aborted) throw error;
        return openStandIn(listener, signal);
      }
    },
  };
}

/** Longer than a probe may take. */
const PROBE_EVERY_MS = 15_000;
const IGNORE: CaptureListener = { captured: () => undefined, lost: () => undefined };
