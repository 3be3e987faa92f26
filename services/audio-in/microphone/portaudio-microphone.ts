import {
  loadPortAudio,
  type PortAudio,
  type PortAudioCapture,
  type PortAudioDevice,
} from '#shared/audio/portaudio-binding.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';

const PERIODS_A_SECOND = 100;
/** Two seconds: what the event loop may be away before PortAudio's callback has to wait for it. */
const MAX_QUEUED_PERIODS = 200;
const S16 = 16;
/** A device that has died may never let go of its stream; the process must not hang with it. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Captures through PortAudio (naudiodon). `wanted` is part of a device's name; without it the default device is used. */
export function portaudioMicrophone(wanted: string | undefined, clock: Clock): Microphone {
  return {
    open(listener) {
      const portAudio = loadPortAudio('CORTEX_AUDIO_INPUT');
      return Promise.resolve(openStream(portAudio, chooseDevice(portAudio.getDevices(), wanted), clock, listener));
    },
  };
}

function chooseDevice(devices: PortAudioDevice[], wanted: string | undefined): PortAudioDevice {
  const inputs = devices.filter((device) => device.maxInputChannels > 0);
  const device = wanted
    ? (inputs.find(({ name }) => name === wanted) ??
      inputs.find(({ name }) => name.toLowerCase().includes(wanted.toLowerCase())))
    : (inputs.find(({ name }) => name === 'default') ?? inputs[0]);
  if (device) return device;
  const names = inputs.map(({ name }) => `"${name}"`).join(', ') || 'none';
  throw new CortexError(
    'no-microphone',
    wanted
      ? `CORTEX_AUDIO_INPUT: there is no input device "${wanted}" (there are: ${names})`
      : `there is no input device (PortAudio finds: ${names})`,
    { retryable: true },
  );
}

function openStream(portAudio: PortAudio, device: PortAudioDevice, clock: Clock, listener: CaptureListener): Capture {
  const sampleRateHz = device.defaultSampleRate;
  const framesPerBuffer = Math.round(sampleRateHz / PERIODS_A_SECOND);
  let stream: PortAudioCapture;
  try {
    stream = portAudio.create({
      inOptions: {
        deviceId: device.id,
        sampleRate: sampleRateHz,
        channelCount: 1,
        sampleFormat: S16,
        framesPerBuffer,
        maxQueue: MAX_QUEUED_PERIODS,
        closeOnError: false,
      },
    });
    stream.start();
  } catch (error) {
    throw new CortexError('no-microphone', `portaudio:${device.name} cannot be opened (${messageOf(error)})`, {
      retryable: true,
      cause: error,
    });
  }
  let open = true;

  async function read(): Promise<void> {
    try {
      while (open) {
        const { buf, finished, err } = await stream.read(framesPerBuffer * 2);
        if (!open) return;
        if (finished || err) throw new Error(err ?? 'its stream ended');
        const samples = new Int16Array(buf.length >> 1);
        Buffer.from(samples.buffer).set(buf.subarray(0, samples.length * 2));
        listener.captured(samples);
      }
    } catch (error) {
      if (!open) return;
      open = false;
      listener.lost(
        new CortexError('no-microphone', `portaudio:${device.name} went away (${messageOf(error)})`, {
          retryable: true,
        }),
      );
    }
  }
  void read();

  return {
    sampleRateHz,
    uses: `portaudio:${device.name} (${device.hostAPIName}, ${sampleRateHz} Hz)`,
    pid: process.pid,
    async close() {
      open = false;
      await Promise.race([
        stream.quit('ABORT'),
        new Promise<void>((resolve) => clock.after(CLOSE_TIMEOUT_MS, resolve)),
      ]);
    },
  };
}
