import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { createLog, type Log } from '#shared/log/log.ts';
import { type Clock, systemClock } from '#shared/time/clock.ts';
import { type Answerer, createAnswerer } from './answer/answerer.ts';
import { pocketsphinxRecogniser, type Recogniser } from './answer/recogniser.ts';
import { bestVoice, type Voice } from './answer/voice.ts';
import { type SimulatorState, stateReport } from './control/state-report.ts';
import { sendJson, serveGemini } from './http/gemini-http.ts';
import { type LiveConnection, serveLive } from './live/live-connection.ts';
import { Recordings } from './live/recordings.ts';
import type { Action, SessionProfile } from './live/session-state.ts';
import { SessionVault } from './live/session-vault.ts';
import {
  applies,
  LIFETIMES,
  type Lifetime,
  RECORDED_TIMING,
  type RequestRule,
  type Scenario,
  type Timing,
} from './scenario/scenario.ts';

export interface SimulatorOptions {
  /** 0, the default, takes any free one. */
  port?: number;
  /** Loopback only, unless a test's network says otherwise. */
  host?: string;
  scenario?: Scenario;
  /** The same seed draws the same latencies. */
  seed?: number;
  clock?: Clock;
  log?: Log;
  voice?: Voice;
  recognise?: Recogniser;
  /** Sound kept for `recording()`; the oldest goes first. Ten minutes by default. */
  recordingSeconds?: number;
}

/** A running stand-in for the Gemini API, with the handles a test needs. */
export interface GeminiSimulator {
  readonly port: number;
  /** For `httpOptions.baseUrl` or GEMINI_BASE_URL. */
  readonly url: string;
  /** Takes effect from the next connection, turn and request on; their counts begin again at 1. */
  load(scenario: Scenario): void;
  state(): SimulatorState;
  /** Everything heard inside activities, in order; or a part of one connection's. 16 kHz mono. */
  recording(range?: { connection: number; activity?: number }): Int16Array;
  /** Does something to every open session. */
  command(action: Action): void;
  expireHandles(): void;
  close(): Promise<void>;
}

/** One attempt to open a Live connection, whether it came to a session or not. */
export interface ConnectionAttempt {
  connection: number;
  atMs: number;
  live: LiveConnection | undefined;
}

const LIVE_PATH = /^\/+ws\/google\.ai\.generativelanguage\.v1(beta|alpha)\.GenerativeService\.BidiGenerateContent$/;
const LIVE_MODELS = ['gemini-3.8-live', 'gemini-3.8-live-extended-thinking', 'gemini-3.1-flash-live-preview'];
/** Sound bytes a second at 16 kHz, 16 bit. */
const RECORDING_BYTES_PER_SECOND = 32_000;
/** A picture of 20 MB in base64 is the longest message there is. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** Older attempts are forgotten by the report. */
const MAX_ATTEMPTS = 1_000;

/**
 * Starts the simulator. Rejects with ConfigurationError where the port is taken.
 */
export async function createGeminiSimulator(options: SimulatorOptions = {}): Promise<GeminiSimulator> {
  const { port: wantedPort = 0, host = '127.0.0.1', clock = systemClock(), recordingSeconds = 600 } = options;
  const log = options.log ?? createLog('live-sim', 'silent');
  const voice = options.voice ?? bestVoice();
  const answer: Answerer = createAnswerer({ voice, recognise: options.recognise ?? pocketsphinxRecogniser() });
  const vault = new SessionVault();
  const recordings = new Recordings(recordingSeconds * RECORDING_BYTES_PER_SECOND);
  let scenario: Scenario = options.scenario ?? {};
  let attempts: ConnectionAttempt[] = [];
  let requests: { atMs: number; model: string; method: RequestRule['method'] }[] = [];
  /** Attempts and turns before the scenario was loaded. */
  let attemptsBefore = 0;
  let turnsBefore = 0;
  let requestsBefore = 0;
  let connections = 0;
  let requestCount = 0;

  const turnsTaken = () => attempts.reduce((sum, { live }) => sum + (live?.state.turns ?? 0), 0);

  function keyProblem(key: string | undefined): 'bad-key' | 'no-key' | undefined {
    if (!scenario.keys) return undefined;
    if (!key) return 'no-key';
    return scenario.keys.includes(key) ? undefined : 'bad-key';
  }

  function profileOf(connection: number, key: string | undefined): SessionProfile {
    return {
      connection,
      turnsBefore: turnsTaken() - turnsBefore,
      sessionId: randomBytes(12).toString('base64url'),
      keyProblem: keyProblem(key),
      liveModels: LIVE_MODELS,
      timing: { ...RECORDED_TIMING, ...defined(scenario.timing) },
      lifetime: lifetimeOf(scenario),
      faults: (scenario.connections ?? []).flatMap((rule) =>
        applies(rule.connection, connection - attemptsBefore) ? rule.faults : [],
      ),
      turnRules: (scenario.turns ?? []).filter((rule) => applies(rule.connection, connection - attemptsBefore)),
    };
  }

  const http = createServer((request, response) => {
    const served = serveGemini(request, response, {
      clock,
      answer,
      voice,
      rules: () => scenario.requests ?? [],
      keyProblem,
      received(received) {
        requestCount += 1;
        requests = [...requests, { ...received, atMs: clock.nowMs() }].slice(-MAX_ATTEMPTS);
        return requestCount - requestsBefore;
      },
    });
    served.then(
      (known) => {
        if (!known) sendJson(response, 404, { error: { code: 404, message: 'Not found.', status: 'NOT_FOUND' } });
      },
      (error: unknown) => {
        log.error({ err: error }, 'request failed');
        response.destroy();
      },
    );
  });

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, autoPong: false });

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    const url = new URL((request.url ?? '/').replace(/^\/+/, '/'), 'http://localhost');
    if (!LIVE_PATH.test(url.pathname)) return refuseUpgrade(socket, 404);
    connections += 1;
    const attempt: ConnectionAttempt = { connection: connections, atMs: clock.nowMs(), live: undefined };
    attempts = [...attempts, attempt].slice(-MAX_ATTEMPTS);
    const profile = profileOf(attempt.connection, url.searchParams.get('key') || undefined);
    for (const fault of profile.faults) {
      if (fault.fault === 'refuse-upgrade') return refuseUpgrade(socket, fault.status);
      if (fault.fault === 'reset-connection') return socket.destroy();
      if (fault.fault === 'hang-upgrade') return;
    }
    sockets.handleUpgrade(request, socket, head, (open: WebSocket) => {
      attempt.live = serveLive(open, profile, {
        clock,
        seed: (options.seed ?? 1) * 7919 + attempt.connection,
        recordings,
        answer,
        recall: (handle) => vault.recall(handle, clock.nowMs(), isOpen),
        remember: (handle, context) =>
          vault.remember(handle, { context, issuedAtMs: clock.nowMs(), connection: attempt.connection }),
        failed: (error) => log.error({ err: error }, 'no answer could be made'),
      });
    });
  });

  function isOpen(connection: number): boolean {
    return attempts.some((attempt) => attempt.connection === connection && attempt.live?.state.phase !== 'closed');
  }

  const port = await listen(http, wantedPort, host);
  return {
    port,
    url: `http://${host}:${port}`,
    load(loaded) {
      scenario = loaded;
      attemptsBefore = connections;
      requestsBefore = requestCount;
      turnsBefore = turnsTaken();
    },
    state: () => stateReport(attempts, requests),
    recording(range) {
      if (!range) return recordings.samples();
      const { connection, activity: number } = range;
      if (number === undefined) return recordings.samples({ connection });
      const live = attempts.find((attempt) => attempt.connection === connection)?.live;
      const activity = live?.state.activities.find((candidate) => candidate.number === number);
      if (!activity) return new Int16Array(0);
      const { fromSample, toSample = fromSample } = activity;
      return recordings.samples({ connection, fromSample, toSample });
    },
    command(action) {
      for (const { live } of attempts) live?.command(action);
    },
    expireHandles: () => vault.expireAll(),
    async close() {
      for (const { live } of attempts) live?.terminate();
      http.closeAllConnections();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
    },
  };
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function lifetimeOf({ lifetime = 'ten-minutes' }: Scenario): Lifetime | undefined {
  if (lifetime === 'unlimited') return undefined;
  return typeof lifetime === 'string' ? LIFETIMES[lifetime] : lifetime;
}

function defined(timing: Scenario['timing'] = {}): Partial<Timing> {
  return Object.fromEntries(Object.entries(timing).filter(([, value]) => value !== undefined));
}

function listen(http: ReturnType<typeof createServer>, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error);
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be opened by this user';
      reject(new ConfigurationError(`port ${port} ${why}: set CORTEX_SIM_PORT to a free one`, { cause: error }));
    });
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port));
  });
}
