import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Log } from '#shared/log/log.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Answerer } from '../answer/answerer.ts';
import { requestUrl } from '../http/request-url.ts';
import type { ScenarioInPlay } from '../scenario/scenario-in-play.ts';
import { type LiveConnection, serveLive } from './live-connection.ts';
import { Recordings } from './recordings.ts';
import type { Action, SessionProfile } from './session-state.ts';
import { SessionVault } from './session-vault.ts';

export interface LiveServerParts {
  clock: Clock;
  log: Log;
  seed: number;
  scenario: ScenarioInPlay;
  answer: Answerer;
  recordingBytes: number;
}

/** One attempt to open a Live connection, whether it came to a session or not. */
export interface ConnectionAttempt {
  connection: number;
  atMs: number;
  /** When the TCP connection was gone, whoever ended it. */
  endedAtMs: number | undefined;
  live: LiveConnection | undefined;
}

/** The Live WebSocket of the simulator. */
export interface LiveServer {
  /** The latest, oldest first. */
  readonly attempts: readonly ConnectionAttempt[];
  /** Most Live connections that were up at the same time, refused and hanging ones included. */
  readonly mostAtOnce: number;
  readonly recordings: Recordings;
  readonly vault: SessionVault;
  /** Of any connection. */
  readonly lastImage: Buffer | undefined;
  /** Does something to every open session. */
  command(action: Action): void;
  /** Cuts every connection. */
  stop(): void;
}

const PATH = /^\/ws\/google\.ai\.generativelanguage\.v1(beta|alpha)\.GenerativeService\.BidiGenerateContent$/;
/** A picture of 20 MB in base64 is the longest message there is. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const MAX_ATTEMPTS = 500;
/** Keeps the seeds of neighbouring connections apart; any prime would do. */
const SEED_STRIDE = 7_919;

/** Serves the upgrade requests of `http`. */
export function startLiveServer(http: Server, parts: LiveServerParts): LiveServer {
  const { clock, log, scenario } = parts;
  const recordings = new Recordings(parts.recordingBytes);
  const vault = new SessionVault();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, autoPong: false });
  const wires = new Set<Duplex>();
  let attempts: ConnectionAttempt[] = [];
  let lastImage: Buffer | undefined;
  let connections = 0;
  let mostAtOnce = 0;

  function holdsHandle(connection: number): boolean {
    return attempts.some((attempt) => attempt.connection === connection && isOpen(attempt));
  }

  function open(request: IncomingMessage, wire: Duplex, head: Buffer, url: URL): void {
    connections += 1;
    const connection = connections;
    const attempt: ConnectionAttempt = { connection, atMs: clock.nowMs(), endedAtMs: undefined, live: undefined };
    wire.on('close', () => {
      attempt.endedAtMs = clock.nowMs();
    });
    attempts = [...attempts, attempt].slice(-MAX_ATTEMPTS);
    const profile: SessionProfile = {
      ...scenario.nextConnection(url.searchParams.get('key') || undefined, attempts.filter(isOpen).length),
      connection,
      sessionId: randomBytes(12).toString('base64url'),
    };
    log.info({ connection, faults: profile.faults.map(({ fault }) => fault) }, 'a client connects');
    for (const fault of profile.faults) {
      if (fault.fault === 'refuse-upgrade') {
        refuse(wire, fault.status);
        return;
      }
      if (fault.fault === 'reset-connection') {
        wire.destroy();
        return;
      }
      if (fault.fault === 'hang-upgrade') {
        // Never answered; that the client has gone is noticed all the same.
        wire.resume().on('end', () => wire.destroy());
        return;
      }
    }
    sockets.handleUpgrade(request, wire, head, (socket) => {
      attempt.live = serveLive(socket, profile, {
        clock,
        recordings,
        seed: parts.seed * SEED_STRIDE + connection,
        answer: parts.answer,
        countTurn: () => scenario.countTurn(),
        show(image) {
          lastImage = image;
        },
        recall: (handle) => vault.recall(handle, clock.nowMs(), holdsHandle),
        remember: (handle, context) => vault.remember(handle, { context, issuedAtMs: clock.nowMs(), connection }),
        ended: (closed) => log.info({ connection, ...closed }, 'a session ended'),
        failed: (error) => log.error({ err: error }, 'no answer could be made'),
      });
    });
  }

  http.on('upgrade', (request: IncomingMessage, wire: Duplex, head: Buffer) => {
    wires.add(wire);
    mostAtOnce = Math.max(mostAtOnce, wires.size);
    wire.on('close', () => wires.delete(wire));
    wire.on('error', (error) => log.debug({ err: error }, 'a connection broke'));
    const url = requestUrl(request);
    if (PATH.test(url.pathname)) open(request, wire, head, url);
    else refuse(wire, 404);
  });

  return {
    get attempts() {
      return attempts;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    recordings,
    vault,
    get lastImage() {
      return lastImage;
    },
    command(action) {
      for (const { live } of attempts) live?.command(action);
    },
    stop() {
      for (const { live } of attempts) live?.stop();
      for (const wire of wires) wire.destroy();
    },
  };
}

/** A half-open connection counts as gone: its client cannot close it any more. */
function isOpen({ live }: ConnectionAttempt): boolean {
  return live !== undefined && live.state.phase !== 'closed' && !live.state.stalled;
}

function refuse(wire: Duplex, status: number): void {
  wire.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
