import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answerer } from '../answer/answerer.ts';
import type { Voice } from '../answer/voice.ts';
import type { ModelRequest } from '../gemini-simulator.ts';
import { LIVE_MODELS, type ScenarioInPlay } from '../scenario/scenario-in-play.ts';
import { generateContent, HTTP_MODELS, responseBodies } from './generate-content.ts';
import { type HttpError, invalidRequest, namedHttpError } from './http-error.ts';
import { readJson, sendJson } from './json.ts';

export interface HttpSurroundings {
  delay(byMs: number): Promise<void>;
  answer: Answerer;
  voice: Voice;
  scenario: ScenarioInPlay;
  received(request: Omit<ModelRequest, 'atMs'>): void;
}

const PATH = /^\/v1(?:beta|alpha)?\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

/** Serves `generateContent`, `streamGenerateContent` and the list of models. False where the path is another. */
export async function serveGemini(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  around: HttpSurroundings,
): Promise<boolean> {
  if (request.method === 'GET' && /^\/v1(beta|alpha)?\/models$/.test(url.pathname)) {
    listModels(request, response, url, around);
    return true;
  }
  const [, model = '', call = ''] = PATH.exec(url.pathname) ?? [];
  if (!call || request.method !== 'POST') return false;
  const body = await readJson(request);
  const stream = call === 'streamGenerateContent';
  const method = model.includes('-tts') ? 'speech' : stream ? 'stream' : 'generate';
  around.received({ model, method });
  const rule = around.scenario.nextRequest(method);
  if (rule?.hang) return true;
  if (rule?.lateByMs) await around.delay(rule.lateByMs);
  if (rule?.drop === 'before') {
    request.socket.destroy();
    return true;
  }
  if (rule?.error) return refuse(response, namedHttpError(rule.error, model));
  const problem = keyProblem(request, url, around.scenario);
  if (problem) return refuse(response, namedHttpError(problem, model));
  if (body === undefined) return refuse(response, invalidRequest('Invalid JSON payload received.'));
  const generated = await generateContent(model, body, { ...around, text: rule?.text, hears: rule?.hears });
  if ('error' in generated) return refuse(response, generated.error);
  const bodies = responseBodies(model, generated.content, stream);
  const events = stream && url.searchParams.get('alt') === 'sse';
  const whole = events
    ? bodies.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')
    : JSON.stringify(stream ? bodies : bodies[0]);
  response.writeHead(200, { 'content-type': events ? 'text/event-stream' : 'application/json; charset=UTF-8' });
  if (rule?.drop === 'middle') response.write(whole.slice(0, whole.length / 2), () => request.socket.destroy());
  else response.end(whole);
  return true;
}

/** The cheapest call there is: what a program asks to find out whether its key is good. */
function listModels(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { scenario }: HttpSurroundings,
): void {
  const problem = keyProblem(request, url, scenario);
  if (problem) refuse(response, namedHttpError(problem, ''));
  else {
    const live = LIVE_MODELS.map((name) => model(name, ['bidiGenerateContent']));
    const http = HTTP_MODELS.map((name) => model(name, ['generateContent', 'countTokens']));
    sendJson(response, 200, { models: [...live, ...http] });
  }
}

function model(name: string, supportedGenerationMethods: string[]): object {
  return { name: `models/${name}`, displayName: `${name} (simulated)`, supportedGenerationMethods };
}

function keyProblem(request: IncomingMessage, url: URL, scenario: ScenarioInPlay): 'bad-key' | 'forbidden' | undefined {
  const key = request.headers['x-goog-api-key'] ?? url.searchParams.get('key') ?? undefined;
  const problem = scenario.keyProblem(Array.isArray(key) ? key[0] : key);
  return problem === 'no-key' ? 'forbidden' : problem;
}

function refuse(response: ServerResponse, error: HttpError): true {
  sendJson(response, error.status, error.body);
  return true;
}
