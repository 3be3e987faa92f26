import { spawn } from 'node:child_process';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Capture, CaptureListener, Microphone } from './microphone.ts';

/** Small periods, and room for the event loop to be away for half a second. */
const PERIOD_US = 10_000;
const BUFFER_US = 500_000;
/** arecord opens a device in milliseconds; the first samples of an idle PulseAudio take two seconds. */
const OPEN_TIMEOUT_MS = 4_000;
const KILL_AFTER_MS = 100;

/**
 * Captures an ALSA PCM through a child process `arecord`: works wherever ALSA does, with no native module of ours.
 * The PCM is asked for 16 kHz mono; ALSA's `plug` layer (in `default` and `plughw:`) converts where the hardware cannot.
 */
export function arecordMicrophone(pcm: string, clock: Clock): Microphone {
  return { open: (listener, signal) => openArecord(pcm, clock, listener, signal) };
}

function openArecord(pcm: string, clock: Clock, listener: CaptureListener, signal: AbortSignal): Promise<Capture> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      'arecord',
      ['-q', '-D', pcm, '-t', 'raw', '-f', 'S16_LE', '-c', '1', '-r', String(MICROPHONE_RATE_HZ)].concat([
        `--period-time=${PERIOD_US}`,
        `--buffer-time=${BUFFER_US}`,
      ]),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let complaint = '';
    let opened = false;
    let closing = false;
    let odd: Buffer | undefined;
    const exited = new Promise<void>((resolveExit) => child.once('close', () => resolveExit()));
    const cancelTimeout = clock.after(OPEN_TIMEOUT_MS, () => child.kill('SIGKILL'));
    const abort = () => child.kill('SIGKILL');
    signal.addEventListener('abort', abort);

    function ended(reason: string): void {
      cancelTimeout();
      signal.removeEventListener('abort', abort);
      if (closing) return;
      closing = true;
      const error = new CortexError(
        'no-microphone',
        `alsa:${pcm} ${opened ? 'went away' : 'cannot be opened'} (${reason})`,
        {
          retryable: true,
        },
      );
      if (opened) listener.lost(error);
      else reject(error);
    }

    child.once('error', (error: NodeJS.ErrnoException) => {
      ended(error.code === 'ENOENT' ? 'arecord is not installed: apt-get install alsa-utils' : error.message);
    });
    child.once('close', (code, signal) =>
      ended(complaint.trim().split('\n').at(-1) || `arecord ended with ${code ?? signal}`),
    );
    child.stderr.on('data', (text: Buffer) => {
      complaint = (complaint + text.toString()).slice(-500);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      if (closing) return;
      if (!opened) {
        opened = true;
        cancelTimeout();
        signal.removeEventListener('abort', abort);
        resolve({ sampleRateHz: MICROPHONE_RATE_HZ, uses: `alsa:${pcm}`, ...(child.pid && { pid: child.pid }), close });
      }
      const bytes = odd ? Buffer.concat([odd, chunk]) : chunk;
      odd = bytes.length % 2 === 1 ? bytes.subarray(-1) : undefined;
      const samples = new Int16Array(bytes.length >> 1);
      Buffer.from(samples.buffer).set(bytes.subarray(0, samples.length * 2));
      listener.captured(samples);
    });

    async function close(): Promise<void> {
      closing = true;
      child.kill('SIGTERM');
      const cancelKill = clock.after(KILL_AFTER_MS, () => child.kill('SIGKILL'));
      await exited;
      cancelKill();
    }
  });
}
