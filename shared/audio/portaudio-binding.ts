import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';

export interface PortAudioDevice {
  id: number;
  name: string;
  maxInputChannels: number;
  maxOutputChannels: number;
  defaultSampleRate: number;
  hostAPIName: string;
}

interface StreamOptions {
  deviceId?: number;
  sampleRate: number;
  channelCount: number;
  sampleFormat: 16;
  maxQueue: number;
  framesPerBuffer: number;
  closeOnError: boolean;
}

interface OpenStream {
  start(): void;
  quit(how: 'WAIT' | 'ABORT'): Promise<void>;
}

export interface PortAudioCapture extends OpenStream {
  /** Waits in a thread of the pool until `bytes` are there. */
  read(bytes: number): Promise<{ buf: Buffer; finished: boolean; err?: string }>;
}

export interface PortAudioPlayback extends OpenStream {
  /** Copies the bytes and resolves when they are in the queue: with an error text where the card has run dry meanwhile. */
  write(bytes: Buffer): Promise<string | undefined>;
}

/** naudiodon's native half. */
export interface PortAudio {
  getDevices(): PortAudioDevice[];
  create(options: { inOptions: StreamOptions }): PortAudioCapture;
  create(options: { outOptions: StreamOptions }): PortAudioPlayback;
}

/**
 * naudiodon's native half alone. Its JavaScript half would bring segfault-handler (a second native package, tied to one
 * Node version, that writes crash.log into the working folder) and print every error on the console.
 * @param setting what asked for PortAudio; named in the ConfigurationError that is thrown where the package is missing or
 * built for another machine.
 */
export function loadPortAudio(setting: 'CORTEX_AUDIO_INPUT' | 'CORTEX_AUDIO_OUTPUT'): PortAudio {
  // The process runs in the project's root, and the bundle must not take the package in.
  const require = createRequire(join(process.cwd(), 'package.json'));
  try {
    return require('naudiodon/build/Release/naudiodon.node') as PortAudio;
  } catch (error) {
    throw new ConfigurationError(
      `${setting}: PortAudio is not usable here (naudiodon: ${messageOf(error).split('\n')[0]}): run npm rebuild naudiodon, or set ${setting}=alsa:default`,
      { cause: error },
    );
  }
}
