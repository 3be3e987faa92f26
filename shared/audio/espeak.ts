import { spawn } from 'node:child_process';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { readWav, type WavSound } from './wav.ts';

/** Words a minute; espeak-ng's own default is 175, listeners who know the voice like it a little faster. */
const WORDS_PER_MINUTE = 180;
/** espeak-ng speaks ten seconds of text in some 30 ms; later than this it hangs. */
const TIMEOUT_MS = 10_000;

/**
 * The text spoken by espeak-ng, 22.05 kHz mono. Rejects with CortexError `no-voice` where espeak-ng is not installed or fails.
 * @param text anything; it goes through standard input, never through a shell.
 */
export function speakWithEspeak(
  text: string,
  { voice = 'en', signal }: { voice?: string; signal?: AbortSignal } = {},
): Promise<WavSound> {
  return new Promise((resolve, reject) => {
    const child = spawn('espeak-ng', ['-v', voice, '-s', String(WORDS_PER_MINUTE), '--stdin', '--stdout'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
      ...(signal && { signal }),
    });
    const chunks: Buffer[] = [];
    const fail = (cause: unknown) =>
      reject(
        new CortexError('no-voice', 'espeak-ng cannot speak: install it with apt-get install espeak-ng', { cause }),
      );
    child.on('error', fail);
    child.stdin.on('error', fail);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', (code) => {
      if (code !== 0) return fail(new Error(`exit code ${code}`));
      try {
        resolve(readWav(Buffer.concat(chunks)));
      } catch (error) {
        fail(error);
      }
    });
    child.stdin.end(text);
  });
}
