import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pactlSoundServer } from '#shared/audio/sound-server.ts';
import type { Settings } from '#shared/config/settings.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { aplayOutput } from './aplay-output.ts';
import { nullOutput } from './null-output.ts';
import type { OpenOutput } from './output.ts';
import { portAudioOutput } from './portaudio-output.ts';
import { onPresentSink } from './sink-guard.ts';
import { wavFileOutput } from './wav-file-output.ts';

const LOOK_FOR_CARDS_MS = 5_000;
/** Half an hour, 86 MB: nobody asked for this file, and a device without a sound card must not fill its disk with silence. */
const UNASKED_FILE_SAMPLES = 30 * 60 * REPLY_RATE_HZ;

/** The output CORTEX_AUDIO_OUTPUT asks for. `auto` tries aplay (it plays on if we are killed), then PortAudio, and records into the state folder at last. */
export function chooseOutput(
  { audioOutput, stateDir }: Pick<Settings, 'audioOutput' | 'stateDir'>,
  { clock, log, me }: { clock: Clock; log: Log; me: string },
): OpenOutput {
  const place = { clock, folder: stateDir, me };
  const server = pactlSoundServer();
  /** ALSA's and PortAudio's names for the sound server; any other goes to a card, whatever the server has. */
  const guarded = (open: OpenOutput, device = 'default') =>
    /^(default|pulse|pipewire)$/.test(device) ? onPresentSink(open, server) : open;
  switch (audioOutput.kind) {
    case 'portaudio':
      return guarded(portAudioOutput(audioOutput.device, clock), audioOutput.device);
    case 'alsa':
      return guarded(aplayOutput(audioOutput.pcm, place), audioOutput.pcm);
    case 'file':
      return wavFileOutput(audioOutput.path, clock);
    case 'null':
      return nullOutput(clock);
    case 'auto': {
      const devices = [guarded(aplayOutput('default', place)), guarded(portAudioOutput(undefined, clock))];
      const file = wavFileOutput(join(stateDir, 'speaker.wav'), clock, UNASKED_FILE_SAMPLES);
      const cards = async () => `${soundCards()}${await server.defaultSink()}`;
      return firstThatOpens(devices, file, { clock, log, cards });
    }
  }
}

/**
 * The first device that opens, in this order, else the file, which makes way as soon as `cards` changes. Once a
 * device has been heard, the file is no substitute for it any more: it is waited for.
 */
export function firstThatOpens(
  devices: readonly OpenOutput[],
  file: OpenOutput,
  { clock, log, cards }: { clock: Clock; log: Log; cards(): Promise<string> },
): OpenOutput {
  let heard = false;
  return async (hooks) => {
    let reason: unknown;
    for (const open of devices) {
      try {
        const output = await open(hooks);
        heard = true;
        return output;
      } catch (error) {
        reason = error;
        if (error instanceof CortexError && error.code === 'process-spent') throw error;
        log.debug({ reason: messageOf(error) }, 'sound output not usable, trying the next');
      }
    }
    // Not as it is: a PortAudio that cannot be loaded is no reason to give up on headphones that were pulled out.
    if (heard) throw new CortexError('no-output', messageOf(reason), { retryable: true, cause: reason });
    const output = await file(hooks);
    const before = await cards();
    let over = false;
    const cancelLook = clock.every(LOOK_FOR_CARDS_MS, () => {
      void cards().then((now) => {
        if (now === before || over) return;
        over = true;
        cancelLook();
        void output
          .close()
          .then(() => hooks.lost(new CortexError('output-lost', 'a sound card has appeared', { retryable: true })));
      });
    });
    return {
      ...output,
      name: `${output.name} (no sound device found)`,
      close() {
        over = true;
        cancelLook();
        return output.close();
      },
    };
  };
}

/** Changes when a sound card or a sound server comes or goes. */
function soundCards(): string {
  let cards = '';
  try {
    cards = readFileSync('/proc/asound/pcm', 'utf8');
  } catch {
    // No ALSA in this kernel: no card.
  }
  return `${cards}${existsSync(`/run/user/${process.getuid?.()}/pulse/native`)}`;
}
