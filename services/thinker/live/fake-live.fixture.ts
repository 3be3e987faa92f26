import type { ClientMessage, ConnectLive, LiveConnection, LiveEvent } from './live-connection.ts';

/** A Live server in the hands of a test. */
export interface FakeLive {
  connect: ConnectLive;
  /** One for each connection so far, with what it was sent. */
  connections: { sent: ClientMessage[]; pings: number[]; closed: boolean; tell(event: LiveEvent): void }[];
}

/** @param answersPings at once, and whether a close is answered at once. */
export function fakeLive({ answersPings = true } = {}): FakeLive {
  const connections: FakeLive['connections'] = [];
  return {
    connections,
    connect(_request, listener) {
      const own = { sent: [] as ClientMessage[], pings: [] as number[], closed: false, tell: listener };
      connections.push(own);
      const live: LiveConnection = {
        bufferedBytes: 0,
        sentBytes: 0,
        send(message) {
          own.sent.push(message);
          return !own.closed;
        },
        ping(number) {
          own.pings.push(number);
          if (answersPings) queueMicrotask(() => listener({ type: 'ponged', ping: number }));
          return true;
        },
        close() {
          if (own.closed) return;
          own.closed = true;
          listener({ type: 'closed', code: 1000, reason: '' });
        },
      };
      return live;
    },
  };
}
