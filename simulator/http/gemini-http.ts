import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#shared/time/clock.ts';
import type { Answerer } from '../answer/answerer.ts';
import type { Voice } from '../answer/voice.ts';
import { applies, type RequestRule } from '../scenario/scenario.ts';
import { generateContent, responseBodies } from './generate-content.ts';
import { type HttpError, invalidRequest, namedHttpError } from './http-error.ts';
import { readJson } from './read-json.ts';

export interface HttpSurroundings {
  clock: Clock;
  answer: Answerer;
  voice: Voice;
  rules(): readonly RequestRule[];
  keyProblem(key: string | undefined): 'bad-key' | 'no-key' | undefined;
  /** Counts the request and keeps it for `/control/state`; the number it has since the scenario was loaded. */
  received(request: { model: string; method: RequestRule['method'] }): number;
}

const PATH = /^\/+v1(?:beta|alpha)?\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

/** Serves `generateContent` and `streamGenerateContent`. False where the path is another. */
export async function serveGemini(
  request: IncomingMessage,
  response: ServerResponse,
  around: HttpSurroundings,
): Promise<boolean> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, model = '', call = ''] = PATH.exec(decodeURIComponent(url.pathname)) ?? [];
  if (!call || request.method !== 'POST') return false;
  const body = await readJson(request);
  const stream = call === 'streamGenerateContent';
  const method = model.includes('-tts') ? 'speech' : stream ? 'stream' : 'generate';
  const count = around.received({ model, method });
  const rule = around
    .rules()
    .find((candidate) => applies(candidate.request, count) && (candidate.method ?? method) === method);
  if (rule?.hang) return true;
  if (rule?.lateByMs) await delay(around.clock, rule.lateByMs);
  if (rule?.drop === 'before') {
    request.socket.destroy();
    return true;
  }
  const problem = around.keyProblem(header(request, 'x-goog-api-key') ?? url.searchParams.get('key') ?? undefined);
  if (rule?.error) return refuse(response, namedHttpError(rule.error, model));
  if (problem) return refuse(response, namedHttpError(problem === 'no-key' ? 'forbidden' : 'bad-key', model));
  if (body === undefined) return refuse(response, invalidRequest('Invalid JSON payload received.'));
  const generated = await generateContent(model, body, { ...around, text: rule?.text });
  if ('error' in generated) return refuse(response, generated.error);
  const bodies = responseBodies(model, generated.content, stream);
  if (rule?.drop === 'middle') {
    breakOff(request, response, bodies, stream);
    return true;
  }
  if (stream && url.searchParams.get('alt') === 'sse') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of bodies) response.write(`data: ${JSON.stringify(event)}\r\n\r\n`);
    response.end();
  } else sendJson(response, 200, stream ? bodies : bodies[0]);
  return true;
}

/** Sends the first half of what would have been sent, then cuts the connection. */
function breakOff(request: IncomingMessage, response: ServerResponse, bodies: object[], stream: boolean): void {
  const whole = stream
    ? bodies.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')
    : JSON.stringify(bodies[0]);
  response.writeHead(200, {
    'content-type': stream ? 'text/event-stream' : 'application/json',
    'content-length': Buffer.byteLength(whole),
  });
  response.write(whole.slice(0, whole.length / 2), () => request.socket.destroy());
}

function refuse(response: ServerResponse, error: HttpError): true {
  sendJson(response, error.status, error.body);
  return true;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(JSON.stringify(body));
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function delay(clock: Clock, byMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(byMs, resolve);
  });
}
