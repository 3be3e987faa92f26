import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeWav } from '#shared/audio/wav.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';

/** The words of a question; undefined where nobody can tell. @param samples 16 kHz mono. */
export type Recogniser = (samples: Int16Array) => Promise<string | undefined>;

const run = promisify(execFile);
/** A question of ten seconds takes it some three; longer waits would spoil the conversation. */
const TIMEOUT_MS = 6_000;

/** PocketSphinx where it is installed. The first failure to start it is remembered, so that it costs nothing afterwards. */
export function pocketsphinxRecogniser(): Recogniser {
  let missing = false;
  return async (samples) => {
    if (missing) return undefined;
    const folder = await mkdtemp(join(tmpdir(), 'live-sim-'));
    try {
      const path = join(folder, 'question.wav');
      await writeFile(path, writeWav({ sampleRateHz: MICROPHONE_RATE_HZ, samples }));
      const { stdout } = await run('pocketsphinx_continuous', ['-infile', path, '-logfn', '/dev/null'], {
        timeout: TIMEOUT_MS,
      });
      return stdout.trim().replaceAll(/\s+/g, ' ') || undefined;
    } catch (error) {
      missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      return undefined;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
