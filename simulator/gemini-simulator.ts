import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { createLog, type Log } from '#shared/log/log.ts';
import { type Clock, systemClock } from '#shared/time/clock.ts';
import { createAnswerer } from './answer/answerer.ts';
import { pocketsphinxRecogniser, type Recogniser } from './answer/recogniser.ts';
import { bestVoice, type Voice } from './answer/voice.ts';
import { serveControl } from './control/control-http.ts';
import { type SimulatorState, stateReport } from './control/state-report.ts';
import { serveGemini } from './http/gemini-http.ts';
import { sendJson } from './http/json.ts';
import { requestUrl } from './http/request-url.ts';
import { startLiveServer } from './live/live-server.ts';
import type { Action } from './live/session-state.ts';
import type { RequestRule, Scenario } from './scenario/scenario.ts';
import { ScenarioInPlay } from './scenario/scenario-in-play.ts';

export interface SimulatorOptions {
  /** 0, the default, takes any free one. */
  port?: number;
  /** 127.0.0.1 unless a test's network says otherwise. */
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
  /**
   * Plays another scenario: all counts begin again at 1. Open sessions keep their lifetime and take over what holds for
   * every connection (turns by `overallTurn`).
   */
  load(scenario: Scenario): void;
  state(): SimulatorState;
  /** Everything heard inside activities, in order; or one connection's, or one activity's. 16 kHz mono. */
  recording(range?: { connection: number; activity?: number }): Int16Array;
  lastImage(): Buffer | undefined;
  /** Does something to every open session. */
  command(action: Action): void;
  /** As if two hours had passed for every handle. */
  expireHandles(): void;
  /** Nothing listens on the port until `acceptConnections`: connecting is refused. Open sessions stay. */
  refuseConnections(): Promise<void>;
  acceptConnections(): Promise<void>;
  close(): Promise<void>;
}

/** One HTTP request to the model, for `/control/state`. */
export interface ModelRequest {
  atMs: number;
  model: string;
  method: NonNullable<RequestRule['method']>;
}

/** Sound at 16 kHz, 16 bit. */
const RECORDING_BYTES_PER_SECOND = 32_000;
const MAX_REQUESTS = 1_000;

/** Starts the simulator. Rejects with ConfigurationError where the port is taken. */
export async function createGeminiSimulator(options: SimulatorOptions = {}): Promise<GeminiSimulator> {
  const { port: wantedPort = 0, host = '127.0.0.1', clock = systemClock(), recordingSeconds = 600 } = options;
  const log = options.log ?? createLog('live-sim', 'silent');
  const voice = options.voice ?? bestVoice();
  const answer = createAnswerer({ voice, recognise: options.recognise ?? pocketsphinxRecogniser() });
  const scenario = new ScenarioInPlay(options.scenario ?? {});
  const delays = new Set<() => void>();
  let requests: ModelRequest[] = [];

  const http = createServer((request, response) => {
    const url = requestUrl(request);
    const served = url.pathname.startsWith('/control/')
      ? serveControl(request, response, url, simulator)
      : serveGemini(request, response, url, { delay, answer, voice, scenario, received });
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
  const live = startLiveServer(http, {
    clock,
    log,
    seed: options.seed ?? 1,
    scenario,
    answer,
    recordingBytes: recordingSeconds * RECORDING_BYTES_PER_SECOND,
  });

  function received(request: Omit<ModelRequest, 'atMs'>): void {
    requests = [...requests, { ...request, atMs: clock.nowMs() }].slice(-MAX_REQUESTS);
  }

  function delay(byMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(byMs, () => {
        delays.delete(cancel);
        resolve();
      });
      delays.add(cancel);
    });
  }

  const port = await listen(http, wantedPort, host);
  const simulator: GeminiSimulator = {
    port,
    url: `http://${host}:${port}`,
    load(loaded) {
      scenario.load(loaded);
      live.command({ kind: 'adopt', changes: scenario.forOpenConnections() });
    },
    state: () => stateReport(scenario.description, live, requests),
    recording({ connection, activity: number } = { connection: 0 }) {
      if (connection === 0) return live.recordings.samples();
      if (number === undefined) return live.recordings.samples({ connection });
      const session = live.attempts.find((attempt) => attempt.connection === connection)?.live?.state;
      const activity = session?.activities.find((candidate) => candidate.number === number);
      if (!activity) return new Int16Array(0);
      const { fromSample, toSample = fromSample } = activity;
      return live.recordings.samples({ connection, fromSample, toSample });
    },
    lastImage: () => live.lastImage,
    command: (action) => live.command(action),
    expireHandles: () => live.vault.expireAll(),
    async refuseConnections() {
      // Sessions keep their sockets, so `close` does not call back before they end; it stops listening at once.
      http.close();
      http.closeIdleConnections();
    },
    async acceptConnections() {
      await listen(http, port, host);
    },
    async close() {
      for (const cancel of delays) cancel();
      live.stop();
      http.closeAllConnections();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
    },
  };
  return simulator;
}

function listen(http: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error);
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be opened by this user';
      reject(new ConfigurationError(`port ${port} ${why}: set CORTEX_SIM_PORT to a free one`, { cause: error }));
    });
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port));
  });
}
