import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { dashboardFile } from './dashboard-files.ts';
import { isSameOrigin } from './same-origin.ts';

export interface HttpEndpoints {
  dashboardFolder: string;
  maxPacketBytes: number;
  /** What the page needs to connect: the prefix and the guest's login. */
  guest: { topicPrefix: string; username: string; password: string };
  healthy(): boolean;
  metricsText(): string;
  /** Takes over an MQTT connection that came by WebSocket. */
  connected(stream: Duplex, request: IncomingMessage): void;
}

/** A request that takes longer than this to arrive is no browser's. */
const REQUEST_TIMEOUT_MS = 5_000;
/** WebSockets count too. */
const MAX_HTTP_CONNECTIONS = 200;

/** The page loads nothing from anywhere else and cannot be framed; `host` because not every browser counts ws: as 'self'. */
function securityHeaders(host: string): Record<string, string> {
  return {
    'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self' ws://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  };
}

/** Dashboard, `/healthz`, `/metrics`, `/guest.json` and MQTT over WebSocket on `/mqtt`; not listening yet. */
export function createHttpServer(endpoints: HttpEndpoints): Server {
  const server = createServer((request, response) => {
    void respond(endpoints, request, response);
  });
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_HTTP_CONNECTIONS;
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: endpoints.maxPacketBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : 'mqttv3.1'),
  });
  server.on('upgrade', (request, socket, head) => {
    const refused = upgradeRefusal(request);
    if (refused) {
      // Node takes its own error listener off an upgraded socket; a reset would end the process.
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      endpoints.connected(createWebSocketStream(webSocket), request);
    });
  });
  return server;
}

function upgradeRefusal(request: IncomingMessage): string | undefined {
  if (!isSameOrigin(request.headers)) return '403 Forbidden';
  if (pathOf(request) !== '/mqtt') return '404 Not Found';
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes('mqtt') || offered.includes('mqttv3.1') ? undefined : '400 Bad Request';
}

async function respond(endpoints: HttpEndpoints, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sameOrigin = isSameOrigin(request.headers);
  const host = sameOrigin ? (request.headers.host ?? '') : '';
  const send = (code: number, contentType: string, body: string | Buffer): void => {
    response.writeHead(code, { ...securityHeaders(host), 'Content-Type': contentType });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (!sameOrigin) return send(403, 'text/plain', 'open this as http://localhost\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', 'only GET and HEAD\n');
  switch (pathOf(request)) {
    case '/healthz':
      return send(
        endpoints.healthy() ? 200 : 503,
        'application/json',
        JSON.stringify({ healthy: endpoints.healthy() }),
      );
    case '/metrics':
      return send(200, 'text/plain; version=0.0.4; charset=utf-8', endpoints.metricsText());
    case '/guest.json':
      return send(200, 'application/json', JSON.stringify(endpoints.guest));
    default: {
      const file = await dashboardFile(endpoints.dashboardFolder, pathOf(request));
      if (file) return send(200, file.contentType, file.bytes);
      return send(404, 'text/plain', 'not found; the dashboard is at / once `npm run build` has run\n');
    }
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?')[0] ?? '/';
}
