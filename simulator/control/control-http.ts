import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { writeWav } from '#shared/audio/wav.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { GeminiSimulator } from '../gemini-simulator.ts';
import { readJson, sendJson } from '../http/json.ts';
import type { ServerMessage } from '../live/server-message.ts';
import type { Action } from '../live/session-state.ts';
import { Cause } from '../scenario/fault.ts';
import { namedScenario, READY_MADE } from '../scenario/ready-made.ts';
import { parseScenario } from '../scenario/scenario.ts';

const GoAway = z.strictObject({
  timeLeftMs: z._default(z.number(), 50_000),
  silent: z._default(z.boolean(), false),
});
const Close = z.union([z.strictObject({ cause: Cause }), Cause]);
const Named = z.strictObject({ name: z.string() });

type ControlledSimulator = Pick<
  GeminiSimulator,
  'load' | 'state' | 'recording' | 'lastImage' | 'command' | 'expireHandles'
>;

/** Serves `/control/…`: what tests and curious people steer the simulator with. False where the path is another. */
export async function serveControl(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  simulator: ControlledSimulator,
): Promise<boolean> {
  if (!isLoopback(request.headers.host)) {
    sendJson(response, 403, { error: 'the control endpoint answers to 127.0.0.1 and localhost only' });
    return true;
  }
  const name = url.pathname.slice('/control/'.length);
  return request.method === 'GET'
    ? show(name, response, url, simulator)
    : await steer(name, request, response, simulator);
}

function show(name: string, response: ServerResponse, url: URL, simulator: ControlledSimulator): boolean {
  switch (name) {
    case 'state':
      sendJson(response, 200, simulator.state());
      return true;
    case 'scenarios':
      sendJson(
        response,
        200,
        Object.fromEntries(Object.entries(READY_MADE).map(([key, { description }]) => [key, description])),
      );
      return true;
    case 'audio': {
      const connection = Number(url.searchParams.get('connection') ?? 0);
      const activity = url.searchParams.get('activity');
      const samples = simulator.recording({ connection, ...(activity !== null && { activity: Number(activity) }) });
      response
        .writeHead(200, { 'content-type': 'audio/wav' })
        .end(writeWav({ sampleRateHz: MICROPHONE_RATE_HZ, samples }));
      return true;
    }
    case 'image': {
      const image = simulator.lastImage();
      if (image) response.writeHead(200, { 'content-type': 'image/jpeg' }).end(image);
      else sendJson(response, 404, { error: 'no picture has come yet' });
      return true;
    }
    default:
      return false;
  }
}

async function steer(
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  simulator: ControlledSimulator,
): Promise<boolean> {
  const body = (await readJson(request)) ?? {};
  try {
    if (name === 'scenario') {
      const named = Named.safeParse(body);
      simulator.load(named.success ? namedScenario(named.data.name) : parseScenario(body, '/control/scenario'));
    } else if (name === 'expire-handles') simulator.expireHandles();
    else {
      const action = actionOf(name, body);
      if (!action) return false;
      simulator.command(action);
    }
    sendJson(response, 200, { done: name });
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof z.core.$ZodError)) throw error;
    sendJson(response, 400, { error: error.message });
  }
  return true;
}

/** Throws ZodError where the body does not fit. */
function actionOf(name: string, body: unknown): Action | undefined {
  switch (name) {
    case 'goaway':
      return { kind: 'announce-end', ...GoAway.parse(body) };
    case 'close': {
      const parsed = Close.parse(body);
      return { kind: 'close', cause: typeof parsed === 'object' && 'cause' in parsed ? parsed.cause : parsed };
    }
    case 'drop':
      return { kind: 'drop' };
    case 'stall':
      return { kind: 'stall' };
    case 'send':
      // Anything goes: a client must live through messages that no server should send.
      return { kind: 'say', message: z.looseObject({}).parse(body) as ServerMessage };
    case 'garbage':
      return { kind: 'say-garbage' };
    case 'interrupted':
      return { kind: 'say', message: { serverContent: { interrupted: true } } };
    default:
      return undefined;
  }
}

/** Keeps web pages that rebind a name of theirs to this machine away from the recordings. */
function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '');
}
