import { createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { loadCredentials } from '#shared/config/credentials.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import { brokerAddress } from '#shared/lifecycle/broker-url.ts';
import type { ProcessContext, Running } from '#shared/lifecycle/run-process.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { MAX_PACKET_BYTES, startAedes } from './aedes-broker.ts';
import { bringBack } from './bring-back.ts';
import { createHttpServer } from './http-endpoints.ts';
import { listen } from './listen.ts';
import { type TlsFiles, tlsFor } from './listen-address.ts';
import { prometheusText } from './prometheus.ts';
import { RetainedFile } from './retained-file.ts';
import { type SelfReport, startSelfReport } from './self-report.ts';

export interface RunningBroker extends Running {
  /** The ports really taken, where the settings said 0. */
  mqttPort: number;
  httpPort: number;
}

/** The dashboard and its WebSocket; other machines use MQTT with TLS. */
const HTTP_HOST = '127.0.0.1';
const TLS_HANDSHAKE_MS = 5_000;
/** TCP's own keep-alive finds those that vanished without a word and without one of MQTT's. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };

/** The broker with its listeners. Throws ConfigurationError for a taken port, an open door without TLS, a damaged file. */
export async function startBroker(context: ProcessContext): Promise<RunningBroker> {
  const { settings, log } = context;
  const teardown = new Teardown();
  try {
    const tls = tlsFor(settings);
    const credentials = loadCredentials(settings);
    const retained = new RetainedFile(join(settings.stateDir, 'retained.json'));
    const broker = await startAedes(context, credentials, retained);
    teardown.add(() => broker.close());
    await bringBack(broker.aedes, retained, context);

    const mqttServer = tls ? createTlsListener(tls, broker.accept) : createTcpServer(SOCKET_OPTIONS, broker.accept);
    const mqttPort = await listen(mqttServer, settings.mqttHost, settings.mqttPort, 'CORTEX_MQTT_PORT');
    // Not awaited: it ends when the last connection does, and those are closed by the step after this one.
    teardown.add(() => void mqttServer.close());

    let self: SelfReport | undefined;
    const httpServer = createHttpServer({
      dashboardFolder: join('dist', 'dashboard'),
      maxPacketBytes: MAX_PACKET_BYTES,
      guest: { topicPrefix: settings.topicPrefix, ...credentials.guest },
      healthy: () => self?.bus.connected === true,
      metricsText: () => prometheusText(self?.reports ?? new Map()),
      connected: broker.accept,
    });
    const httpPort = await listen(httpServer, HTTP_HOST, settings.httpPort, 'CORTEX_HTTP_PORT');
    teardown.add(() => {
      httpServer.close();
      httpServer.closeAllConnections();
    });

    const dashboardUrl = `http://localhost:${httpPort}/`;
    const address = brokerAddress({ ...settings, mqttUrl: undefined, mqttPort });
    const started = await startSelfReport(context, credentials.broker, address, dashboardUrl);
    self = started;
    teardown.add(() => started.stop());
    log.info({ mqtt: `${settings.mqttHost}:${mqttPort}`, dashboard: dashboardUrl }, 'listening');
    return { stop: () => teardown.run(), mqttPort, httpPort };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

function createTlsListener(tls: TlsFiles, accept: (socket: Duplex) => void): Server {
  try {
    return createTlsServer({ ...tls, ...SOCKET_OPTIONS, handshakeTimeout: TLS_HANDSHAKE_MS }, (socket) =>
      accept(socket),
    );
  } catch (error) {
    throw new ConfigurationError(
      `CORTEX_MQTT_TLS_CERT and CORTEX_MQTT_TLS_KEY hold no certificate and key in PEM that fit together (${messageOf(error)})`,
      { cause: error },
    );
  }
}
