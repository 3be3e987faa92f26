import type { IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loadCredentials } from '#shared/config/credentials.ts';
import { metrics, status } from '#shared/contract/service.ts';
import { brokerUrl } from '#shared/lifecycle/broker-url.ts';
import { announcePresence } from '#shared/lifecycle/presence.ts';
import type { ProcessContext, Running } from '#shared/lifecycle/run-process.ts';
import { publishMetrics } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { LogThrottle } from '#shared/log/log-throttle.ts';
import { aedesRights } from './aedes-rights.ts';
import { BrokerMemory } from './broker-memory.ts';
import { Connections } from './connections.ts';
import { createHttpServer } from './http-endpoints.ts';
import { listen } from './listen.ts';
import { tlsFor } from './listen-address.ts';
import { Logins } from './login.ts';
import { prometheusText, type ServiceReport } from './prometheus.ts';
import { RetainedFile } from './retained-file.ts';

export interface RunningBroker extends Running {
  /** The ports really taken, where the settings said 0. */
  mqttPort: number;
  httpPort: number;
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
const MAX_PACKET_BYTES = 2_000_000;
const HTTP_HOST = '127.0.0.1';
const GOODBYE_MS = 300;

/** The broker with its listeners, and its own client on them: it reports on the bus the way every service does. */
export async function startBroker(context: ProcessContext): Promise<RunningBroker> {
  const { settings, log, meters, clock } = context;
  const teardown = new Teardown();
  try {
    const tls = tlsFor(settings);
    const credentials = loadCredentials(settings);
    const retained = new RetainedFile(join(settings.stateDir, 'retained.json'));
    const connections = new Connections(context);
    teardown.add(() => connections.stop());
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
    teardown.add(() => new Promise<void>((resolve) => aedes.close(resolve)));
    watch(aedes, context);
    await bringBack(aedes, retained, context);

    const accept = (socket: Duplex, request?: IncomingMessage): void => {
      const connection = connections.accept(socket);
      if (connection) aedes.handle(connection, request);
    };
    const mqttServer = tls
      ? createTlsServer({ ...tls, noDelay: true, handshakeTimeout: CONNECT_TIMEOUT_MS }, accept)
      : createTcpServer({ noDelay: true }, accept);
    const mqttPort = await listen(mqttServer, settings.mqttHost, settings.mqttPort, 'CORTEX_MQTT_PORT');
    // Not awaited: it ends when the last connection does, and those are closed by the step after this one.
    teardown.add(() => void mqttServer.close());

    const reports = new Map<string, ServiceReport>();
    const httpServer = createHttpServer({
      dashboardFolder: join('dist', 'dashboard'),
      maxPacketBytes: MAX_PACKET_BYTES,
      guest: { topicPrefix: settings.topicPrefix, ...credentials.guest },
      healthy: () => bus.connected,
      metricsText: () => prometheusText(reports),
      connected: accept,
    });
    const httpPort = await listen(httpServer, HTTP_HOST, settings.httpPort, 'CORTEX_HTTP_PORT');
    teardown.add(() => {
      httpServer.close();
      httpServer.closeAllConnections();
    });

    const startedAtMs = clock.nowMs();
    const bus = connectMqttBus({
      ...context,
      ...credentials.broker,
      url: brokerUrl({ ...settings, mqttUrl: undefined, mqttPort }),
      clientName: 'broker',
      topicPrefix: settings.topicPrefix,
    });
    teardown.add(() => bus.close());
    await bus.subscribe(status, ({ payload, levels }) => report(reports, levels, { status: payload }));
    await bus.subscribe(metrics, ({ payload, levels }) => report(reports, levels, { metrics: payload }));
    const dashboardUrl = `http://localhost:${httpPort}/`;
    const presence = await announcePresence(bus, 'broker', { pid: process.pid, startedAtMs }, dashboardUrl);
    teardown.add(() => {
      presence.goodbye();
      return bus.flush(GOODBYE_MS);
    });
    teardown.add(publishMetrics('broker', context, bus));
    teardown.add(clock.every(1_000, () => meters.gauge('connectedClients', aedes.connectedClients)));
    log.info({ mqtt: `${settings.mqttHost}:${mqttPort}`, dashboard: dashboardUrl }, 'listening');
    return { stop: () => teardown.run(), mqttPort, httpPort };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

function report(reports: Map<string, ServiceReport>, levels: Record<string, string>, news: ServiceReport): void {
  const { service } = levels;
  if (service) reports.set(service, { ...reports.get(service), ...news });
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
    log.debug({ reason: error.message }, 'a connection failed before its login');
  });
  aedes.on('publish', (packet, client) => {
    if (!client) return;
    meters.count('messages');
    meters.count('messageBytes', packet.payload.length);
  });
  // The typings leave it out: a broken store. Going on without retained values would be worse than a restart.
  (aedes as NodeJS.EventEmitter).on('error', fail);
}

/** Publishes what the last run had kept, before anybody can connect and miss it. */
async function bringBack(aedes: Aedes, retained: RetainedFile, { settings, log }: ProcessContext): Promise<void> {
  const { values, setAsideAs } = retained.load();
  if (setAsideAs) {
    log.error(
      { file: setAsideAs },
      'retained.json was damaged and is set aside; microphone and camera start BLOCKED: allow them again on the dashboard or by control/privacy',
    );
  }
  for (const [topic, payload] of values) {
    await new Promise<void>((resolve, reject) => {
      aedes.publish(
        { cmd: 'publish', topic: `${settings.topicPrefix}/${topic}`, payload, qos: 1, retain: true, dup: false },
        (error) => (error ? reject(error) : resolve()),
      );
    });
  }
}
