import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '#shared/time/clock.ts';
import { genaiLiveConnections } from './genai-live-connection.ts';
import type { LiveConnection, LiveEvent } from './live-connection.ts';

const settings = {
  geminiLiveModel: 'gemini-3.8-live',
  geminiTemperature: 0.7,
  geminiMaxTokens: 1024,
  geminiVoice: 'Kore',
  vadMode: 'client',
} as const;

let servers: (Server | TcpServer)[] = [];
const tcpSockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of tcpSockets) socket.destroy();
  tcpSockets.clear();
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  servers = [];
});

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => tcpSockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A WebSocket server of three lines; `serve` gets each socket. */
async function gemini(serve: (socket: WebSocket, path: string) => void): Promise<number> {
  const http = createHttpServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, request) => serve(socket, request.url ?? ''));
  return listen(http);
}

function confirmSetup(socket: WebSocket): void {
  socket.once('message', () => socket.send(Buffer.from('{"setupComplete":{}}')));
}

interface Opened {
  connection: LiveConnection;
  events: LiveEvent[];
  until(type: LiveEvent['type']): Promise<LiveEvent>;
}

function connectTo(port: number, handle?: string): Opened {
  const events: LiveEvent[] = [];
  const waiting = new Set<() => void>();
  const connect = genaiLiveConnections({
    endpoint: { apiKey: 'k', baseUrl: `http://127.0.0.1:${port}`, simulated: false },
    settings,
    clock: systemClock(),
  });
  const connection = connect({ tools: [], ...(handle && { handle }) }, (event) => {
    events.push(event);
    for (const look of [...waiting]) look();
  });
  function until(type: LiveEvent['type']): Promise<LiveEvent> {
    return new Promise((resolve) => {
      function look(): void {
        const found = events.find((event) => event.type === type);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      }
      waiting.add(look);
      look();
    });
  }
  return { connection, events, until };
}

describe('a Live connection through the SDK', () => {
  it('sends the set-up as Google wants it, to the path Google has', async () => {
    let path = '';
    const setup = new Promise<string>((resolve) => {
      void gemini((socket, url) => {
        path = url;
        socket.once('message', (bytes) => resolve(bytes.toString()));
      }).then((port) => connectTo(port, 'h-1'));
    });
    const sent = JSON.parse(await setup);
    expect(path).toBe('//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k');
    expect(Object.keys(sent)).toEqual(['setup']);
    expect(sent.setup).toMatchObject({
      model: 'models/gemini-3.8-live',
      generationConfig: {
        responseModalities: ['AUDIO'],
        temperature: 0.7,
        maxOutputTokens: 1024,
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
      },
      sessionResumption: { handle: 'h-1' },
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
      contextWindowCompression: { triggerTokens: '25600', slidingWindow: { targetTokens: '12800' } },
    });
    expect(sent.setup.inputAudioTranscription).toEqual({});
    expect(sent.setup.outputAudioTranscription).toEqual({});
  });

  it('opens, carries messages both ways and reads bundled frames once', async () => {
    const received: string[] = [];
    const port = await gemini((socket) => {
      confirmSetup(socket);
      socket.on('message', (bytes) => {
        received.push(Object.keys(JSON.parse(bytes.toString()))[0] ?? '');
        if (received.length === 2) socket.send(Buffer.from('{"serverContent":{"turnComplete":true}}'));
      });
    });
    const { connection, events, until } = connectTo(port);
    await until('opened');
    expect(connection.send({ type: 'audio', samples: new Int16Array(320) })).toBe(true);
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (events.filter(({ type }) => type === 'message').length < 2) return;
        clearInterval(timer);
        resolve();
      }, 2);
    });
    expect(received).toEqual(['setup', 'realtimeInput']);
    connection.close();
    await until('closed');
  });

  it('reports every step to the set-up, can be pinged before it, and says which ping is answered', async () => {
    const order: string[] = [];
    const port = await gemini((socket) => {
      socket.on('ping', () => order.push('ping'));
      socket.on('message', () => order.push('set-up'));
      confirmSetup(socket);
    });
    const connect = genaiLiveConnections({
      endpoint: { apiKey: 'k', baseUrl: `http://127.0.0.1:${port}`, simulated: false },
      settings,
      clock: systemClock(),
    });
    const events: LiveEvent[] = [];
    await new Promise<void>((resolve) => {
      const connection = connect({ tools: [] }, (event) => {
        events.push(event);
        if (event.type === 'progressed') order.push(connection.ping(7) ? 'pinged' : 'not yet');
        if (event.type === 'opened') connection.close();
        if (event.type === 'closed') resolve();
      });
    });
    expect(order).toEqual(['not yet', 'pinged', 'ping', 'set-up']);
    expect(events.filter(({ type }) => type !== 'message')).toEqual([
      { type: 'progressed' },
      { type: 'progressed' },
      { type: 'ponged', ping: 7 },
      { type: 'opened' },
      expect.objectContaining({ type: 'closed' }),
    ]);
  });

  it('says closed when the server closes before the set-up is confirmed', async () => {
    const port = await gemini((socket) => socket.once('message', () => socket.close(1007, 'API key not valid.')));
    expect(await connectTo(port).until('closed')).toEqual({ type: 'closed', code: 1007, reason: 'API key not valid.' });
  });

  it('says closed with the status and body of a refused upgrade', async () => {
    const http = createHttpServer();
    http.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 5\r\n\r\nquota');
    });
    const event = await connectTo(await listen(http)).until('closed');
    expect(event).toEqual({ type: 'closed', httpStatus: 429, reason: 'quota' });
  });

  it('says closed where nobody listens', async () => {
    const free = createTcpServer();
    const port = await listen(free);
    await new Promise((resolve) => free.close(resolve));
    servers = [];
    expect(await connectTo(port).until('closed')).toMatchObject({ type: 'closed', code: 1006 });
  });

  it('can be closed while the server says nothing at all', async () => {
    const silent = createTcpServer((socket) => socket.on('error', () => undefined).resume());
    const { connection, events, until } = connectTo(await listen(silent));
    await new Promise((resolve) => silent.once('connection', resolve));
    connection.close();
    await until('closed');
    expect(events.map(({ type }) => type).filter((type) => type !== 'progressed')).toEqual(['closed']);
  });

  it('is closed within a second towards a peer that never answers the goodbye', async () => {
    const port = await gemini((socket) => {
      confirmSetup(socket);
      socket.once('message', () => socket.pause());
    });
    const { connection, until } = connectTo(port);
    await until('opened');
    const beganMs = performance.now();
    connection.close();
    await until('closed');
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });

  it('survives frames that are no JSON, no object, or no text, and goes on', async () => {
    const port = await gemini((socket) => {
      confirmSetup(socket);
      socket.once('message', () => {
        for (const rubbish of ['{"serverContent":', '[1]', '7', 'null']) socket.send(Buffer.from(rubbish));
        socket.send(Buffer.from([0xff, 0xfe, 0x00]));
        socket.close(1000, 'bye');
      });
    });
    const { events, until } = connectTo(port);
    await until('closed');
    expect(events.filter(({ type }) => type === 'unreadable')).toHaveLength(5);
  });

  it('sends nothing, and says so, once it is closed', async () => {
    const port = await gemini((socket) => {
      confirmSetup(socket);
      socket.once('message', () => setImmediate(() => socket.close(1011, 'Internal error encountered.')));
    });
    const { connection, until } = connectTo(port);
    await until('closed');
    expect(connection.send({ type: 'activityEnd' })).toBe(false);
  });

  it('shows how much is unsent while the peer does not read', async () => {
    const port = await gemini((socket) => {
      confirmSetup(socket);
      socket.once('message', () => setImmediate(() => socket.pause()));
    });
    const { connection, until } = connectTo(port);
    await until('opened');
    for (let megabytes = 0; megabytes < 20; megabytes += 1) {
      connection.send({ type: 'picture', jpeg: new Uint8Array(1_000_000) });
    }
    expect(connection.bufferedBytes).toBeGreaterThan(1_000_000);
    connection.close();
    await until('closed');
  });
});
