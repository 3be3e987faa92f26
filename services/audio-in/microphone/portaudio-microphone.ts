import { ConfigurationError, CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import { requireFromRoot } from '../project-root.ts';
import { type Capture, type CaptureListener, type Microphone, toMono } from './microphone.ts';

/** What we use of naudiodon's native module. */
interface PortAudio {
  getDevices(): Device[];
  create(options: { inOptions: InputOptions }): Stream;
}
interface Device {
  id: number;
  name: string;
  maxInputChannels: number;
  defaultSampleRate: number;
  hostAPIName: string;
}
interface InputOptions {
  deviceId: number;
  sampleRate: number;
  channelCount: number;
  sampleFormat: number;
  framesPerBuffer: number;
  maxQueue: number;
  closeOnError: boolean;
}
interface Stream {
  start(): void;
  /** Waits in a thread of the pool until `bytes` are there. */
  read(bytes: number): Promise<{ buf: Buffer; finished: boolean; err?: string }>;
  quit(how: 'WAIT' | 'ABORT'): Promise<void>;
}

const PERIODS_A_SECOND = 100;
/** Two seconds: what the event loop may be away before PortAudio's callback has to wait for it. */
const MAX_QUEUED_PERIODS = 200;
const S16 = 16;
/** A device that has died may never let go of its stream; the process must not hang with it. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Captures through PortAudio (naudiodon). `wanted` is part of a device's name; without it the default device is used.
 * Uses the native module itself: the package's own entry point also installs a crash handler that writes crash.log into
 * the working folder and breaks with each new Node version.
 */
export function portaudioMicrophone(wanted: string | undefined, clock: Clock): Microphone {
  return {
    open(listener) {
      const portAudio = loadPortAudio();
      return Promise.resolve(openStream(portAudio, chooseDevice(portAudio.getDevices(), wanted), clock, listener));
    },
  };
}

let loaded: PortAudio | undefined;

function loadPortAudio(): PortAudio {
  if (loaded) return loaded;
  try {
    loaded = requireFromRoot('naudiodon/build/Release/naudiodon.node') as PortAudio;
    return loaded;
  } catch (error) {
    throw new ConfigurationError(
      `CORTEX_AUDIO_INPUT: PortAudio is not usable (naudiodon: ${messageOf(error).split('\n')[0]}): run npm rebuild naudiodon, or use alsa:default`,
      { cause: error },
    );
  }
}

function chooseDevice(devices: Device[], wanted: string | undefined): Device {
  const inputs = devices.filter((device) => device.maxInputChannels > 0);
  const device = wanted
    ? (inputs.find(({ name }) => name === wanted) ?? inputs.find(({ name }) => name.includes(wanted)))
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

function openStream(portAudio: PortAudio, device: Device, clock: Clock, listener: CaptureListener): Capture {
  const sampleRateHz = device.defaultSampleRate;
  const framesPerBuffer = Math.round(sampleRateHz / PERIODS_A_SECOND);
  let stream: Stream;
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
        listener.captured(toMono(samples, 1));
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
    async close() {
      open = false;
      await Promise.race([
        stream.quit('ABORT'),
        new Promise<void>((resolve) => clock.after(CLOSE_TIMEOUT_MS, resolve)),
      ]);
    },
  };
}
