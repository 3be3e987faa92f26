import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Aedes } from 'aedes';
import { keepPacketsLean } from '#shared/bus/lean-packets.ts';
import type { Credentials } from '#shared/config/credentials.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import { LogThrottle } from '#shared/log/log-throttle.ts';
import { aedesRights } from './aedes-rights.ts';
import { BrokerMemory } from './broker-memory.ts';
import { Connections } from './connections.ts';
import { holdRequests } from './held-requests.ts';
import { Logins } from './login.ts';
import type { RetainedFile } from './retained-file.ts';

/** The broker proper, without any listener. */
export interface AedesBroker {
  aedes: Aedes;
  /** Takes over a fresh connection: a TCP or TLS socket, or the stream of a WebSocket with its HTTP request. */
  accept(connection: Duplex, request?: IncomingMessage): void;
  close(): Promise<void>;
}

/** Never reached: `GuardedConnection` does not let Aedes wait for a socket. A net below it, should that ever change. */
const DRAIN_TIMEOUT_MS = 500;
/** Unlimited: its hundred places would be a queue shared by all, and nothing waits in them any more. */
const CONCURRENCY = 0;
/** A connection that has not said CONNECT by then is closed. */
const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Packets taken in while a login is under way. A client may send as soon as it holds its CONNACK, and a service that
 * reconnects has much to say at once; Aedes would cut it off at 42.
 */
const EARLY_PACKETS = 2_000;
/** The longest topic of the contract has three levels; prefixes and other layers get room. */
const MAX_TOPIC_LEVELS = 20;
/** A VGA picture is 50 kB, a second of speech 48 kB. */
export const MAX_PACKET_BYTES = 2_000_000;

/** Starts Aedes with our rights, our memory and guarded connections. Throws ConfigurationError for ambiguous accounts. */
export async function startAedes(
  context: ProcessContext,
  credentials: Credentials,
  retained: RetainedFile,
): Promise<AedesBroker> {
  const { settings, meters, clock } = context;
  keepPacketsLean();
  const connections = new Connections(context);
  const rights = aedesRights({
    ...context,
    topicPrefix: settings.topicPrefix,
    alsoSensitive: settings.camera.kind === 'topic' ? [settings.camera.topic] : [],
    logins: new Logins(credentials),
    retained,
    loggedIn: (client) => connections.loggedIn(client.conn, MAX_PACKET_BYTES),
  });
  const aedes = await Aedes.createBroker({
    persistence: new BrokerMemory(context),
    concurrency: CONCURRENCY,
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    queueLimit: EARLY_PACKETS,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    ...rights,
    authorizeForward: (client, packet) =>
      packet.qos === 0 && connections.passesBy(client.conn) ? null : rights.authorizeForward(client, packet),
  });
  watch(aedes, context);
  holdRequests(aedes, context);
  const stopCounting = clock.every(1_000, () => meters.gauge('connectedClients', aedes.connectedClients));
  return {
    aedes,
    accept(connection, request) {
      const guarded = connections.accept(connection);
      if (guarded) aedes.handle(guarded, request);
    },
    async close() {
      stopCounting();
      connections.stop();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

function watch(aedes: Aedes, { log, meters, clock, fail }: ProcessContext): void {
  const throttle = new LogThrottle(clock);
  aedes.on('client', () => meters.count('connectionsAccepted'));
  aedes.on('clientError', (client, error) => {
    meters.count('clientErrors');
    const heldBack = throttle.due(error.message);
    if (heldBack === undefined) return;
    log.info({ client: client.id, reason: error.message, moreSinceLast: heldBack }, 'lost a client');
  });
  aedes.on('connectionError', (_client, error) => {
    meters.count('connectionErrors');
    log.debug({ reason: messageOf(error) }, 'a connection failed before its login');
  });
  aedes.on('publish', (packet, client) => {
    if (!client) return;
    meters.count('messages');
    meters.count('messageBytes', packet.payload.length);
  });
  // The typings leave it out: a broken store. Going on without retained values would be worse than a restart.
  (aedes as NodeJS.EventEmitter).on('error', fail);
}
