import { GoogleGenAI, type Session } from '@google/genai';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Endpoint } from '../endpoint.ts';
import type { ClientMessage, ConnectLive, LiveConnection, LiveEvent, LiveRequest } from './live-connection.ts';
import { LiveSocket, type SdkCallbacks } from './live-socket.ts';
import { liveSetup, type SetupSettings } from './setup.ts';

/** The SDK's private seam through which we make the WebSocket; present in 2.x and 3.x. */
interface WebSocketFactory {
  create(url: string, headers: Record<string, string>, callbacks: SdkCallbacks): LiveSocket;
}

export interface GenaiOptions {
  endpoint: Endpoint;
  settings: SetupSettings & { geminiLiveModel: string };
  clock: Clock;
}

/** Live connections through @google/genai: the SDK builds URL, headers and messages, the socket is ours. */
export function genaiLiveConnections(options: GenaiOptions): ConnectLive {
  return (request, listener) => new GenaiLiveConnection(options, request, listener);
}

class GenaiLiveConnection implements LiveConnection {
  private readonly listener: (event: LiveEvent) => void;
  private socket: LiveSocket | undefined;
  private session: Session | undefined;
  private ended = false;

  constructor(options: GenaiOptions, request: LiveRequest, listener: (event: LiveEvent) => void) {
    this.listener = listener;
    void this.connect(options, request);
  }

  get bufferedBytes(): number {
    return this.socket?.bufferedBytes ?? 0;
  }

  get sentBytes(): number {
    return this.socket?.sentBytes ?? 0;
  }

  send(message: ClientMessage): boolean {
    if (!this.session || !this.socket?.open) return false;
    say(this.session, message);
    return true;
  }

  ping(number: number): boolean {
    return this.socket?.ping(number) ?? false;
  }

  close(): void {
    if (this.socket) this.socket.close();
    else queueMicrotask(() => this.report({ type: 'closed', reason: 'closed before it was opened' }));
  }

  /** The promise of `ai.live.connect` never settles when the set-up fails; the socket's `closed` event is what counts. */
  private async connect({ endpoint, settings, clock }: GenaiOptions, request: LiveRequest): Promise<void> {
    try {
      const ai = new GoogleGenAI({
        apiKey: endpoint.apiKey,
        apiVersion: 'v1beta',
        ...(endpoint.baseUrl !== undefined && { httpOptions: { baseUrl: endpoint.baseUrl } }),
      });
      factoryOf(ai).create = (url, headers, callbacks) => {
        this.socket = new LiveSocket(url, headers, callbacks, clock, (event) => this.report(event));
        return this.socket;
      };
      // A microtask later, so that the owner has this connection in hand before its first event.
      await Promise.resolve();
      if (this.ended) return;
      this.session = await ai.live.connect({
        model: settings.geminiLiveModel,
        config: liveSetup(settings, request),
        callbacks: { onmessage: () => undefined },
      });
      this.report({ type: 'opened' });
    } catch (error) {
      this.socket?.close();
      this.report({ type: 'closed', reason: `the set-up could not be sent: ${messageOf(error)}` });
    }
  }

  private report(event: LiveEvent): void {
    if (this.ended) return;
    this.ended = event.type === 'closed';
    this.listener(event);
  }
}

/** Throws CortexError `sdk` where the SDK has changed under us. */
function factoryOf(ai: GoogleGenAI): WebSocketFactory {
  const factory = (ai.live as unknown as { webSocketFactory?: WebSocketFactory }).webSocketFactory;
  if (typeof factory?.create === 'function') return factory;
  throw new CortexError(
    'sdk',
    '@google/genai no longer has live.webSocketFactory: install the version package.json names',
  );
}

function say(session: Session, message: ClientMessage): void {
  switch (message.type) {
    case 'activityStart':
      session.sendRealtimeInput({ activityStart: {} });
      return;
    case 'activityEnd':
      session.sendRealtimeInput({ activityEnd: {} });
      return;
    case 'audio':
      session.sendRealtimeInput({
        audio: { data: base64(message.samples), mimeType: 'audio/pcm;rate=16000' },
      });
      return;
    case 'picture':
      session.sendRealtimeInput({ video: { data: base64(message.jpeg), mimeType: 'image/jpeg' } });
      return;
    case 'remark':
      session.sendRealtimeInput({ text: message.text });
      return;
    case 'question':
      session.sendClientContent({
        turns: [
          {
            role: 'user',
            parts: [
              ...(message.jpeg ? [{ inlineData: { data: base64(message.jpeg), mimeType: 'image/jpeg' } }] : []),
              { text: message.text },
            ],
          },
        ],
        turnComplete: true,
      });
      return;
    case 'history':
      session.sendClientContent({
        turns: message.lines.map(({ role, text }) => ({ role, parts: [{ text }] })),
        turnComplete: false,
      });
      return;
    case 'hush':
      session.sendClientContent({ turnComplete: false });
      return;
    case 'toolResponses':
      session.sendToolResponse({ functionResponses: [...message.responses] });
      return;
  }
}

function base64(data: Int16Array | Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
