import type { Duplex } from 'node:stream';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { GuardedConnection } from './guarded-connection.ts';

/** A device has seven services, a dashboard or two and some layers; the rest is room for mistakes. Below the 1024 files of a process. */
const MAX_CONNECTIONS = 400;
/** What all slow readers together may have waiting; beyond it the slowest is cut off. */
const MAX_TOTAL_BACKLOG_BYTES = 64_000_000;
const SWEEP_MS = 1_000;

/** All open connections, logged in or not: takes them in, watches their backlogs, cuts off those nobody should wait for. */
export class Connections {
  private readonly all = new Set<GuardedConnection>();
  private readonly strangers = new Set<GuardedConnection>();
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly meters: Meters;
  private readonly stopSweeping: () => void;

  constructor({ clock, log, meters }: { clock: Clock; log: Log; meters: Meters }) {
    this.clock = clock;
    this.log = log;
    this.meters = meters;
    this.stopSweeping = clock.every(SWEEP_MS, () => this.sweep());
  }

  /**
   * Guards a fresh connection. At the limit the one that has been waiting longest without a login makes room, so that
   * strangers cannot keep a service out; undefined (and closed) when everybody is logged in.
   */
  accept(inner: Duplex): GuardedConnection | undefined {
    if (this.all.size >= MAX_CONNECTIONS) {
      this.meters.count('connectionsOverLimit');
      const [oldest] = this.strangers;
      if (!oldest) {
        this.log.warn({ limit: MAX_CONNECTIONS }, 'too many connections; a new one was refused');
        inner.on('error', () => undefined);
        inner.destroy();
        return undefined;
      }
      this.forget(oldest);
      oldest.destroy(new Error('made room for a new connection'));
    }
    const connection = new GuardedConnection(inner, this.clock);
    this.all.add(connection);
    this.strangers.add(connection);
    connection.on('close', () => this.closed(connection));
    return connection;
  }

  /** The client on this connection has shown its password. */
  loggedIn(connection: Duplex, maxPacketBytes: number): void {
    if (!(connection instanceof GuardedConnection)) return;
    this.strangers.delete(connection);
    connection.allowPackets(maxPacketBytes);
  }

  /** True where a message that may be lost should pass this connection by; counts it. */
  passesBy(connection: Duplex): boolean {
    const behind = connection instanceof GuardedConnection && connection.isBehind;
    if (behind) this.meters.count('messagesShed');
    return behind;
  }

  stop(): void {
    this.stopSweeping();
  }

  private sweep(): void {
    const nowMs = this.clock.nowMs();
    let totalBytes = 0;
    let slowest: GuardedConnection | undefined;
    for (const connection of this.all) {
      if (connection.isFrozen(nowMs)) connection.cutOff('frozen: it has read nothing for ten seconds');
      totalBytes += connection.backlogBytes;
      if (!slowest || connection.backlogBytes > slowest.backlogBytes) slowest = connection;
    }
    this.meters.gauge('connections', this.all.size);
    this.meters.gauge('backlogBytes', totalBytes);
    if (slowest && totalBytes > MAX_TOTAL_BACKLOG_BYTES) slowest.cutOff('slowest of too many slow readers');
  }

  private closed(connection: GuardedConnection): void {
    if (connection.packetsCutOff !== undefined) {
      this.meters.count('clientsEvicted');
      this.meters.count('packetsCutOff', connection.packetsCutOff);
    }
    this.forget(connection);
  }

  private forget(connection: GuardedConnection): void {
    this.all.delete(connection);
    this.strangers.delete(connection);
  }
}
