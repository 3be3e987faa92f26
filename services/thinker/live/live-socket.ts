import { WebSocket } from 'ws';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { LiveEvent } from './live-connection.ts';

/** What the SDK hands to the factory that makes its WebSocket. */
export interface SdkCallbacks {
  onopen(): void;
  onmessage(event: { data: string }): void;
}

/** A peer that does not answer a close would hold the old session, and so the resumption, for ws's own 30 s. */
const CLOSE_GRACE_MS = 500;
/** One message of the server is a few hundred kilobytes at most; beyond this something is wrong. */
const MAX_MESSAGE_BYTES = 16_000_000;
/** Enough of an HTTP error's body to hold Google's error JSON. */
const MAX_ERROR_BODY_BYTES = 4_000;

/**
 * The SDK's WebSocket, made by us: the SDK's own hides the buffer, hangs on failed upgrades, never times out and turns bad
 * JSON into unhandled rejections. Messages go to the listener, parsed once; the SDK sees only the confirmation it waits for.
 */
export class LiveSocket {
  private readonly url: string;
  private readonly headers: Record<string, string>;
  private readonly sdk: SdkCallbacks;
  private readonly clock: Clock;
  private readonly listener: (event: LiveEvent) => void;
  private ws: WebSocket | undefined;
  private cancelTermination: (() => void) | undefined;
  private failure = '';
  private httpStatus: number | undefined;
  sentBytes = 0;

  constructor(
    url: string,
    headers: Record<string, string>,
    sdk: SdkCallbacks,
    clock: Clock,
    listener: (event: LiveEvent) => void,
  ) {
    this.url = url;
    this.headers = headers;
    this.sdk = sdk;
    this.clock = clock;
    this.listener = listener;
  }

  get bufferedBytes(): number {
    return this.ws?.bufferedAmount ?? 0;
  }

  get open(): boolean {
    return this.ws?.readyState === WebSocket.OPEN;
  }

  connect(): void {
    const ws = new WebSocket(this.url, {
      headers: this.headers,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      finishRequest: (request) => {
        request.on('socket', (socket) => {
          for (const step of ['connect', 'secureConnect'])
            socket.once(step, () => this.listener({ type: 'progressed' }));
        });
        request.end();
      },
    });
    this.ws = ws;
    ws.on('open', () => {
      // Before the set-up, so that a ping of the listener measures the network alone.
      this.listener({ type: 'progressed' });
      this.sdk.onopen();
    });
    ws.on('message', (bytes: Buffer) => this.received(bytes));
    ws.on('pong', (payload) =>
      this.listener({ type: 'ponged', ping: Number.parseInt(payload.toString('latin1'), 10) }),
    );
    ws.on('error', (error) => {
      this.failure ||= messageOf(error);
    });
    ws.on('unexpected-response', (_request, response) => {
      this.httpStatus = response.statusCode;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        if (body.length < MAX_ERROR_BODY_BYTES) body += text;
      });
      response.on('error', () => ws.terminate());
      response.on('end', () => {
        this.failure = body.slice(0, MAX_ERROR_BODY_BYTES);
        ws.terminate();
      });
      // A body that never ends must not keep the connection.
      this.cancelTermination ??= this.clock.after(CLOSE_GRACE_MS, () => ws.terminate());
    });
    ws.on('close', (code, reason) => {
      this.cancelTermination?.();
      const httpStatus = this.httpStatus;
      this.listener({
        type: 'closed',
        ...(httpStatus === undefined && { code }),
        reason: reason.toString('utf8') || this.failure,
        ...(httpStatus !== undefined && { httpStatus }),
      });
    });
  }

  send(text: string): void {
    if (!this.open || !this.ws) return;
    this.sentBytes += Buffer.byteLength(text);
    // The callback keeps a failed write from surfacing as an error of its own; `close` reports it.
    this.ws.send(text, () => undefined);
  }

  ping(number: number): boolean {
    if (!this.open) return false;
    this.ws?.ping(String(number), undefined, () => undefined);
    return true;
  }

  close(): void {
    const ws = this.ws;
    if (!ws || ws.readyState === WebSocket.CLOSED) return;
    if (ws.readyState === WebSocket.CONNECTING) {
      ws.terminate();
      return;
    }
    ws.close(1000);
    this.cancelTermination ??= this.clock.after(CLOSE_GRACE_MS, () => ws.terminate());
  }

  private received(bytes: Buffer): void {
    const text = bytes.toString('utf8');
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      message = undefined;
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      this.listener({ type: 'unreadable', bytes: bytes.length });
      return;
    }
    if ('setupComplete' in message) this.sdk.onmessage({ data: text });
    this.listener({ type: 'message', message, bytes: bytes.length });
  }
}
