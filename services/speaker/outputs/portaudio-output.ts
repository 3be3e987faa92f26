import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type DeviceFormat, formatsToTry, periodFrames, sourceFor } from './device-format.ts';
import { type OpenOutput, PERIOD_SAMPLES } from './output.ts';
import { loadPortAudio, type PortAudio, type PortAudioDevice, type PortAudioStream } from './portaudio-binding.ts';

/** Periods naudiodon queues ahead of the callback; it cannot be flushed, so every one is latency after an interrupt. */
const QUEUED_PERIODS = 2;
/** What is on its way: the queue, the period being written, the one being played, and the card's own buffer. */
const UNHEARD_SAMPLES = PERIOD_SAMPLES * (QUEUED_PERIODS + 5);
/** The callback takes a period every 5 ms; a card that takes none for this long is gone. */
const STALLED_MS = 500;

/** @param device part of the device's name; the default output where it is undefined. */
export function portAudioOutput(device: string | undefined, clock: Clock): OpenOutput {
  return async (hooks) => {
    const portAudio = loadPortAudio();
    const chosen = choose(portAudio, device);
    const { stream, format } = openStream(portAudio, chosen);
    const source = await sourceFor(hooks.source, format);
    const frames = periodFrames(format);
    let open = true;
    let wroteAtMs = clock.nowMs();

    function lose(why: string): void {
      if (!open) return;
      open = false;
      cancelWatch();
      hooks.lost(
        new CortexError('output-lost', `sound output ${nameOf(chosen)} is gone (${why})`, { retryable: true }),
      );
    }

    async function feed(): Promise<void> {
      while (open) {
        const trouble = await stream.write(source(frames));
        wroteAtMs = clock.nowMs();
        if (trouble?.includes('underflow')) hooks.underran();
      }
    }

    const cancelWatch = clock.every(STALLED_MS / 2, () => {
      if (clock.nowMs() - wroteAtMs > STALLED_MS) lose('it takes no more samples');
    });
    stream.start();
    feed().catch((error: unknown) => lose(messageOf(error)));
    return {
      name: `PortAudio ${nameOf(chosen)}${format.rateHz === REPLY_RATE_HZ ? '' : ` at ${format.rateHz} Hz`}`,
      unheardSamples: () => UNHEARD_SAMPLES,
      async close() {
        if (!open) return;
        open = false;
        cancelWatch();
        await stream.quit('WAIT');
      },
    };
  };
}

function nameOf(device: PortAudioDevice): string {
  return `"${device.name}"`;
}

function choose(portAudio: PortAudio, wanted: string | undefined): PortAudioDevice {
  const devices = portAudio.getDevices().filter(({ maxOutputChannels }) => maxOutputChannels > 0);
  const found =
    wanted === undefined
      ? (devices.find(({ name }) => name === 'default') ?? devices[0])
      : (devices.find(({ name }) => name === wanted) ??
        devices.find(({ name }) => name.toLowerCase().includes(wanted.toLowerCase())));
  if (found) return found;
  const names = devices.map(nameOf).join(', ') || 'none at all';
  throw new CortexError(
    'no-output',
    wanted === undefined
      ? 'PortAudio finds no sound output: connect one, or set CORTEX_AUDIO_OUTPUT'
      : `CORTEX_AUDIO_OUTPUT: PortAudio has no output named "${wanted}"; it has ${names}`,
    { retryable: true },
  );
}

function openStream(portAudio: PortAudio, device: PortAudioDevice): { stream: PortAudioStream; format: DeviceFormat } {
  let reason: unknown;
  for (const format of formatsToTry(device.defaultSampleRate)) {
    try {
      const stream = portAudio.create({
        outOptions: {
          deviceId: device.id,
          sampleRate: format.rateHz,
          channelCount: format.channels,
          sampleFormat: 16,
          maxQueue: QUEUED_PERIODS,
          framesPerBuffer: periodFrames(format),
          closeOnError: true,
        },
      });
      return { stream, format };
    } catch (error) {
      reason = error;
    }
  }
  throw new CortexError(
    'no-output',
    `sound output ${nameOf(device)} cannot be opened (${messageOf(reason)}): free it, or set CORTEX_AUDIO_OUTPUT`,
    { cause: reason, retryable: true },
  );
}
