import type { Aedes, Client } from 'aedes';
import type { ServiceName } from '#shared/contract/channel.ts';
import { interrupt } from '#shared/contract/control.ts';
import { alert } from '#shared/contract/speaker.ts';
import { ask, context, say } from '#shared/contract/thinker.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import { filterMatches } from './topic-filter.ts';

/** What is asked of a service and has no other way to reach it when it is back. It takes up what an interrupt was about. */
const HELD: readonly { topic: string; service: ServiceName }[] = [
  ...[ask, say, context, interrupt].map(({ topic }) => ({ topic, service: 'thinker' as const })),
  ...[alert, interrupt].map(({ topic }) => ({ topic, service: 'speaker' as const })),
];
/** As long as the bus of a client keeps what it cannot send: an older request is about another moment. */
const HOLD_MS = 10_000;
/** For each topic; the oldest goes first. */
const MAX_HELD = 32;
/** A request is a few sentences; what is larger is a mistake that must not fill the memory. */
const MAX_REQUEST_BYTES = 64_000;

interface Request {
  payload: Buffer;
  atMs: number;
}

/** One topic and the service it belongs to. */
interface Letterbox {
  topic: string;
  service: ServiceName;
  /** Connections of that service that are subscribed. */
  readers: Set<string>;
  waiting: Request[];
}

/**
 * Holds a question, an announcement, an interrupt or an alert whose service is not there (it is being restarted, or not up yet), and hands
 * it over as soon as it has subscribed: a warning must not be lost because the speaker was exchanged at that moment.
 */
export function holdRequests(
  aedes: Aedes,
  { settings, clock, meters }: Pick<ProcessContext, 'settings' | 'clock' | 'meters'>,
): void {
  const boxes: Letterbox[] = HELD.map(({ topic, service }) => ({
    topic: `${settings.topicPrefix}/${topic}`,
    service,
    readers: new Set(),
    waiting: [],
  }));

  /** Ids begin with the account (see `aedesRights`). */
  const belongsTo = (client: Client, { service }: Letterbox): boolean => client.id.startsWith(`${service}:`);

  function handOver(box: Letterbox, client: Client): void {
    for (const { payload, atMs } of box.waiting.splice(0)) {
      if (clock.nowMs() - atMs > HOLD_MS) meters.count('requestsHeldTooLong');
      else {
        meters.count('requestsHandedOver');
        // A connection that is lost meanwhile says so by itself.
        client.publish(
          { cmd: 'publish', topic: box.topic, payload, qos: 1, retain: false, dup: false },
          () => undefined,
        );
      }
    }
  }

  function hold(box: Letterbox, payload: Uint8Array): void {
    if (payload.length <= MAX_REQUEST_BYTES) {
      box.waiting.push({ payload: Buffer.from(payload), atMs: clock.nowMs() });
      if (box.waiting.length <= MAX_HELD) return;
      box.waiting.shift();
    }
    meters.count('requestsDropped');
  }

  aedes.on('publish', ({ topic, payload }) => {
    for (const box of boxes) if (box.topic === topic && box.readers.size === 0) hold(box, payload as Buffer);
  });
  aedes.on('subscribe', (subscriptions, client) => {
    for (const box of boxes) {
      // 128: refused.
      const covered = subscriptions.some(({ topic, qos }) => qos < 128 && filterMatches(topic, box.topic));
      if (!covered || !belongsTo(client, box)) continue;
      box.readers.add(client.id);
      handOver(box, client);
    }
  });
  aedes.on('unsubscribe', (filters, client) => {
    for (const box of boxes) {
      if (filters.some((filter) => filterMatches(filter, box.topic))) box.readers.delete(client.id);
    }
  });
  aedes.on('clientDisconnect', (client) => {
    for (const box of boxes) box.readers.delete(client.id);
  });
}
