import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Settings } from '#shared/config/settings.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import { connectToBroker } from './broker-client.ts';
import { headLine, messageLine } from './recording-file.ts';

const USAGE = 'npm run record -- [FILE] [--seconds N] [--without-voice]';

/**
 * Writes everything on the bus to a file that only its owner may read (without a name: in the state folder), until Ctrl-C, or for
 * some seconds. Exit code 0.
 * Throws ConfigurationError where the file exists already or cannot be written.
 */
export async function record(args: readonly string[], settings: Settings, clock: Clock): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seconds: { type: 'string' }, 'without-voice': { type: 'boolean', default: false } },
  });
  const [file = join(settings.stateDir, 'recordings', `${new Date(clock.nowMs()).toISOString()}.jsonl`)] = positionals;
  const seconds = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds);
  if (positionals.length > 1 || !(seconds > 0)) throw new ConfigurationError(`usage: ${USAGE}`);
  // The broker itself keeps microphone and camera from a guest.
  const withVoice = !values['without-voice'];
  const client = await connectToBroker(settings, withVoice ? 'operator' : 'guest');
  let output: number | undefined;
  const prefix = `${settings.topicPrefix}/`;
  const startedMs = performance.now();
  let messages = 0;
  try {
    const recording = createPrivately(file);
    output = recording;
    const ended = new Promise<void>((resolve, reject) => {
      client.on('message', (topic, payload, { retain }) => {
        if (!topic.startsWith(prefix)) return;
        const message = { afterMs: performance.now() - startedMs, topic: topic.slice(prefix.length), retained: retain };
        try {
          writeSync(recording, messageLine({ ...message, payload }));
          messages += 1;
        } catch (error) {
          reject(new ConfigurationError(`${file} cannot be written any further: ${messageOf(error)}`));
        }
      });
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
      if (Number.isFinite(seconds)) clock.after(seconds * 1_000, resolve);
    });
    writeSync(recording, headLine(clock.nowMs()));
    await client.subscribeAsync(`${prefix}#`, { qos: 1 });
    console.log(
      withVoice
        ? `Recording to ${file}. It will hold the user's voice, words and pictures: whoever has the file has those. Ctrl-C ends it.`
        : `Recording to ${file}, without microphone and camera; it still holds what was said, in writing. Ctrl-C ends it.`,
    );
    await ended;
    console.log(`${messages} messages, ${(fstatSync(recording).size / 1e6).toFixed(1)} MB in ${file}.`);
    return 0;
  } finally {
    await client.endAsync(true);
    if (output !== undefined) closeSync(output);
  }
}

function createPrivately(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new ConfigurationError(exists ? `${file} exists already; delete it or name another` : messageOf(error));
  }
}
