import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Settings } from '#shared/config/settings.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { matchTopic } from '#shared/contract/channel.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import { connectToBroker } from './broker-client.ts';
import { type RecordedMessage, readRecording } from './recording-file.ts';

const USAGE = 'npm run replay -- FILE [--speed FACTOR] [--only TOPIC]… ';
/**
 * What was true of another moment's processes and decisions: a replay must not open a microphone the user has closed since,
 * nor take one from the process that has it, nor bring back processes that are gone.
 */
const NEVER_REPLAYED = [/^control\/privacy$/, /^audio-in\/handover$/, /^[^/]+\/(status|metrics)$/];

/**
 * Publishes a recording in its own rhythm, retained where the contract retains. Exit code 0.
 * Throws ConfigurationError where the file is no recording.
 */
export async function replay(args: readonly string[], settings: Settings, clock: Clock): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { speed: { type: 'string', default: '1' }, only: { type: 'string', multiple: true } },
  });
  const [file] = positionals;
  const speed = Number(values.speed);
  if (!file || positionals.length > 1 || !(speed > 0)) throw new ConfigurationError(`usage: ${USAGE}`);
  const messages = readRecording(contentOf(file), file).filter((message) => isReplayed(message, values.only));
  const client = await connectToBroker(settings, 'operator');
  try {
    const startedMs = performance.now();
    for (const { afterMs, topic, retained, payload } of messages) {
      const waitMs = afterMs / speed - (performance.now() - startedMs);
      if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      const channel = ALL_CHANNELS.find((one) => matchTopic(one, topic));
      const options = { qos: channel?.qos ?? 1, retain: retained || (channel?.retain ?? false) };
      await client.publishAsync(`${settings.topicPrefix}/${topic}`, payload, options);
    }
    console.log(`${messages.length} messages of ${file} published.`);
    return 0;
  } finally {
    await client.endAsync();
  }
}

/** @param only topics; one stands for everything below it, too. */
export function isReplayed({ topic }: Pick<RecordedMessage, 'topic'>, only: readonly string[] | undefined): boolean {
  if (NEVER_REPLAYED.some((never) => never.test(topic))) return false;
  return !only || only.some((root) => topic === root || topic.startsWith(`${root.replace(/\/$/, '')}/`));
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`${file} cannot be read: ${messageOf(error)}`);
  }
}
