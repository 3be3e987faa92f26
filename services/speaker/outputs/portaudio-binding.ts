import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';

export interface PortAudioDevice {
  id: number;
  name: string;
  maxOutputChannels: number;
  defaultSampleRate: number;
  hostAPIName: string;
}

/** One open stream of naudiodon's native half. */
export interface PortAudioStream {
  start(): void;
  /** Copies the bytes and resolves when they are in the queue: with an error text where the card has run dry meanwhile. */
  write(bytes: Buffer): Promise<string | undefined>;
  quit(how: 'WAIT' | 'ABORT'): Promise<void>;
}

export interface PortAudio {
  getDevices(): PortAudioDevice[];
  create(options: {
    outOptions: {
      deviceId?: number;
      sampleRate: number;
      channelCount: number;
      sampleFormat: 16;
      maxQueue: number;
      framesPerBuffer: number;
      closeOnError: boolean;
    };
  }): PortAudioStream;
}

/**
 * naudiodon's native half alone. Its JavaScript half would bring segfault-handler (a second native package, tied to one
 * Node version, that writes crash.log into the working folder) and print every error on the console.
 * Throws CortexError `no-portaudio` where the package is missing or built for another machine.
 */
export function loadPortAudio(): PortAudio {
  // The process runs in the project's root, and the bundle must not take the package in.
  const require = createRequire(join(process.cwd(), 'package.json'));
  try {
    return require('naudiodon/build/Release/naudiodon.node') as PortAudio;
  } catch (error) {
    throw new CortexError(
      'no-portaudio',
      `PortAudio is not usable here (${messageOf(error).split('\n')[0]}): rebuild it with "npm rebuild naudiodon", or set CORTEX_AUDIO_OUTPUT=alsa:default`,
      { cause: error },
    );
  }
}
