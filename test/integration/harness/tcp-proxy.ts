import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What the network between two programs does, changeable at any moment. */
export interface NetworkCondition {
  /** Nothing passes; connections stay open. */
  stalled?: boolean;
  /** Each way. */
  delayMs?: number;
  /** Round trips that TCP and TLS take before the first byte of a new connection; left out, none. */
  handshakes?: number;
  /** From the client to the server; left out, unlimited. */
  upBytesPerSecond?: number;
  /** Open connections end and new ones are refused. */
  down?: boolean;
}

export interface TcpProxy {
  url: string;
  set(condition: NetworkCondition): void;
  /** Ends every open connection; new ones pass. */
  cut(): void;
  close(): Promise<void>;
}

const SLICE_MS = 20;

/** A network between a client and a local server, with its faults. */
export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  let condition: NetworkCondition = {};
  const sockets = new Set<Socket>();
  const pipes = new Set<() => void>();

  function pass(from: Socket, to: Socket, limited: boolean): void {
    const queue: { bytes: Buffer; dueMs: number }[] = [];
    let allowance = 0;
    let ended = false;
    const { handshakes = 0, delayMs: distanceMs = 0 } = condition;
    const establishedMs = performance.now() + handshakes * 2 * distanceMs;
    from.on('data', (bytes) => {
      queue.push({ bytes, dueMs: Math.max(performance.now(), establishedMs) + (condition.delayMs ?? 0) });
      flush();
      // What a slow network does not take, the sender has to keep; a long one holds what is under way.
      if (full()) from.pause();
    });
    from.on('end', () => {
      ended = true;
    });
    function full(): boolean {
      const narrow = condition.stalled || (limited && condition.upBytesPerSecond !== undefined);
      return narrow === true && queue.reduce((sum, { bytes }) => sum + bytes.length, 0) > 16_000;
    }
    function flush(): void {
      const rate = limited ? condition.upBytesPerSecond : undefined;
      for (let head = queue[0]; head && !condition.stalled; head = queue[0]) {
        if (head.dueMs > performance.now()) break;
        const size = rate === undefined ? head.bytes.length : Math.min(head.bytes.length, Math.floor(allowance));
        if (size === 0) break;
        allowance -= size;
        to.write(head.bytes.subarray(0, size));
        if (size === head.bytes.length) queue.shift();
        else head.bytes = head.bytes.subarray(size);
      }
      if (!full()) from.resume();
      if (ended && queue.length === 0) to.end();
    }
    let slicedMs = performance.now();
    function slice(): void {
      // By the clock, as a busy machine slices late.
      const nowMs = performance.now();
      allowance = ((condition.upBytesPerSecond ?? 0) * (nowMs - slicedMs)) / 1000;
      slicedMs = nowMs;
      flush();
    }
    pipes.add(slice);
    from.on('close', () => {
      pipes.delete(slice);
      to.destroy();
    });
  }

  const server = createServer((client) => {
    if (condition.down) {
      client.destroy();
      return;
    }
    const upstream = connect({ port: targetPort, host: '127.0.0.1' });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    pass(client, upstream, true);
    pass(upstream, client, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const timer = setInterval(() => {
    for (const slice of [...pipes]) slice();
  }, SLICE_MS);

  function cut(): void {
    for (const socket of [...sockets]) socket.resetAndDestroy();
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      condition = next;
      if (next.down) cut();
    },
    cut,
    async close() {
      clearInterval(timer);
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
