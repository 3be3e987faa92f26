import { randomUUID } from 'node:crypto';
import type { Aedes } from 'aedes';
import type { Channel } from '#shared/contract/channel.ts';
import { alert } from '#shared/contract/speaker.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import type { RetainedFile } from './retained-file.ts';
import { filterMatches } from './topic-filter.ts';

const BLOCKED_TEXT =
  'The saved privacy choice could not be read. Microphone and camera are blocked until you allow them again.';

/**
 * Publishes what the last run had kept, before anybody can connect and miss it. Where that was damaged, the speaker says
 * so as soon as it is there: a device that has gone deaf must not leave its user guessing.
 */
export async function bringBack(
  aedes: Aedes,
  retained: RetainedFile,
  { settings, log, meters }: ProcessContext,
): Promise<void> {
  const { values, ignored, setAsideAs } = retained.load();
  const publish = (topic: string, payload: Buffer, retain: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      aedes.publish(
        { cmd: 'publish', topic: `${settings.topicPrefix}/${topic}`, payload, qos: 1, retain, dup: false },
        (error) => (error ? reject(error) : resolve()),
      );
    });
  for (const [topic, payload] of values) await publish(topic, payload, true);
  for (const topic of ignored) log.warn({ topic }, 'a kept value is not valid any more and was dropped');
  if (!setAsideAs) return;

  meters.count('retainedFileDamaged');
  log.error(
    { file: setAsideAs },
    'retained.json was damaged and is set aside; microphone and camera start BLOCKED: allow them again on the dashboard or by control/privacy',
  );
  const sayOnce = (subscriptions: readonly { topic: string }[]): void => {
    if (!subscriptions.some(({ topic }) => filterMatches(topic, `${settings.topicPrefix}/${alert.topic}`))) return;
    aedes.off('subscribe', sayOnce);
    const payload = encode(alert, { id: randomUUID(), earcon: 'attention', text: BLOCKED_TEXT });
    publish(alert.topic, payload, false).catch((error: unknown) => log.warn({ err: error }, 'the alert was not sent'));
  };
  aedes.on('subscribe', sayOnce);
}

function encode<Payload>(channel: Channel<Payload>, payload: Payload): Buffer {
  return channel.codec.encode(payload);
}
