import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeWav } from '#shared/audio/wav.ts';

/** One call as the SDK sent it. */
export interface GeminiCall {
  readonly kind: 'text' | 'tts';
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    contents: { role: string; parts: { text?: string; inlineData?: { mimeType: string; data: string } }[] }[];
    systemInstruction?: { parts: { text: string }[] };
    generationConfig?: Record<string, unknown>;
  };
  /** The text to be spoken, or asked. */
  readonly text: string;
}

export type GeminiHandler = (call: GeminiCall, response: ServerResponse) => unknown;

/** A real HTTP server that takes Gemini's place; each test says what it answers. */
export async function startGeminiServer(handler: GeminiHandler) {
  const calls: GeminiCall[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer(async (request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as GeminiCall['body'];
    const call: GeminiCall = {
      kind: request.url?.includes(':streamGenerateContent') ? 'text' : 'tts',
      path: request.url ?? '',
      headers: request.headers,
      body,
      text: body.contents.at(-1)?.parts.at(-1)?.text ?? '',
    };
    calls.push(call);
    await handler(call, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    /** Answers that are not finished and whose client is still there. */
    openAnswers: () => open.size,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One drop of a streamed answer, as Google sends it. */
export function sendDrop(response: ServerResponse, text: string, more: Record<string, unknown> = {}): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = { candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }] };
  response.write(`data: ${JSON.stringify(chunk)}\r\n\r\n`);
}

export function sendText(response: ServerResponse, drops: readonly string[]): void {
  for (const drop of drops) sendDrop(response, drop);
  const usageMetadata = {
    promptTokenCount: 300,
    candidatesTokenCount: 20,
    totalTokenCount: 320,
    promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 75 }],
  };
  response.end(`data: ${JSON.stringify({ candidates: [{ finishReason: 'STOP' }], usageMetadata })}\r\n\r\n`);
}

export function sendError(response: ServerResponse, status: number, details: unknown[] = [], message = 'no'): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { code: status, message, status: 'NO', details } }));
}

/** Speech in the form of the newer models (WAV) or the older ones (L16). The first sample tells pieces apart. */
export function sendSpeech(
  response: ServerResponse,
  sample: number,
  form: 'wav' | 'l16' = 'wav',
  rateHz = 24_000,
): void {
  const samples = new Int16Array(rateHz / 10).fill(sample);
  const inlineData =
    form === 'wav'
      ? { mimeType: 'audio/wav', data: writeWav({ sampleRateHz: rateHz, samples }).toString('base64') }
      : { mimeType: `audio/L16;codec=pcm;rate=${rateHz}`, data: Buffer.from(samples.buffer).toString('base64') };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      candidates: [{ content: { parts: [{ inlineData }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 25 },
    }),
  );
}
