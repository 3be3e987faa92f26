import { ApiError, GoogleGenAI, Modality } from '@google/genai';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWav } from '#shared/audio/wav.ts';
import { hum } from '../answer/voice.ts';
import { createGeminiSimulator, type GeminiSimulator } from '../gemini-simulator.ts';
import { namedScenario } from '../scenario/ready-made.ts';

let simulator: GeminiSimulator;
let ai: GoogleGenAI;

beforeEach(async () => {
  simulator = await createGeminiSimulator({ voice: async (text) => hum(text), recognise: async () => undefined });
  ai = new GoogleGenAI({ apiKey: 'k', apiVersion: 'v1beta', httpOptions: { baseUrl: simulator.url } });
});

afterEach(() => simulator.close());

const ask = (model = 'gemini-3.8-flash') => ai.models.generateContent({ model, contents: 'hello' });

async function refusal(): Promise<ApiError> {
  const error = await ask().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error('it was answered');
  return error;
}

it('lists its models, to good keys only', async () => {
  const list = (key: string) => fetch(`${simulator.url}/v1beta/models`, { headers: { 'x-goog-api-key': key } });
  expect(await (await list('any')).json()).toMatchObject({
    models: [{ name: 'models/gemini-3.8-live' }, {}, {}, {}, {}, {}, {}],
  });
  simulator.load(namedScenario('key-refused'));
  expect((await list('any')).status).toBe(400);
});

describe('generateContent', () => {
  it('hears a WAV file and sees a picture', async () => {
    const wav = writeWav({ sampleRateHz: 16_000, samples: new Int16Array(24_000).fill(3_277) });
    const green = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#20c040' } })
      .jpeg()
      .toBuffer();
    const answer = await ai.models.generateContent({
      model: 'gemini-3.8-flash',
      contents: [
        { inlineData: { mimeType: 'audio/wav', data: wav.toString('base64') } },
        { inlineData: { mimeType: 'image/jpeg', data: green.toString('base64') } },
        { text: 'Answer briefly.' },
      ],
    });
    expect(answer.text).toBe(
      'Simulated answer: I heard 1.5 seconds at -20 decibels. I see 320 by 240 pixels, half bright, mostly green.',
    );
    expect(answer.usageMetadata?.promptTokenCount).toBe(4 + 38 + 258);
  });

  it.each([
    ['asks for it', 'Begin your output with one line that starts with HEARD:', 'HEARD: louder please\n'],
    ['does not', 'Be brief.', 'Simulated answer: '],
  ])('begins with what it heard where the instruction %s', async (_what, systemInstruction, beginning) => {
    simulator.load({ requests: [{ hears: 'louder please' }] });
    const wav = writeWav({ sampleRateHz: 16_000, samples: new Int16Array(24_000).fill(3_277) });
    const answer = await ai.models.generateContent({
      model: 'gemini-3.8-flash',
      contents: [{ inlineData: { mimeType: 'audio/wav', data: wav.toString('base64') } }],
      config: { systemInstruction },
    });
    expect(answer.text?.startsWith(beginning)).toBe(true);
  });

  it('writes slowly where the scenario says so, bit by bit', async () => {
    const text = 'There is a long street in front of you, and on the left is a bakery.';
    simulator.load({ requests: [{ method: 'stream', text, everyMs: 5 }] });
    const bits: string[] = [];
    const stream = await ai.models.generateContentStream({ model: 'gemini-3.8-flash', contents: 'hello' });
    for await (const bit of stream) bits.push(bit.text ?? '');
    expect(bits.length).toBeGreaterThan(2);
    expect(bits.join('')).toBe(text);
  });

  it('speaks in the format of the voice: a WAV file from the new one, bare samples from the old', async () => {
    const speak = async (model: string) => {
      const config = { responseModalities: [Modality.AUDIO] };
      const answer = await ai.models.generateContent({ model, contents: 'hello', config });
      const { mimeType, data = '' } = answer.candidates?.[0]?.content?.parts?.[0]?.inlineData ?? {};
      return { mimeType, bytes: Buffer.from(data, 'base64') };
    };
    const wav = await speak('gemini-3.8-flash-tts');
    const bare = await speak('gemini-2.5-flash-preview-tts');
    expect(wav.mimeType).toBe('audio/wav');
    expect(bare.mimeType).toBe('audio/L16;codec=pcm;rate=24000');
    expect(wav.bytes.subarray(44)).toEqual(bare.bytes);
  });

  it('streams server-sent events with the finish reason on the last and no [DONE]', async () => {
    const response = await fetch(`${simulator.url}/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse`, {
      method: 'POST',
      body: JSON.stringify({ contents: [{ parts: [{ text: 'one two three four five six seven' }] }] }),
    });
    const events = (await response.text()).split('\r\n\r\n');
    expect(events.pop()).toBe('');
    const reasons = events.map((event) => JSON.parse(event.replace(/^data: /, '')).candidates[0].finishReason);
    expect(reasons).toEqual([undefined, 'STOP']);
  });

  it.each([
    ['a model that is shut down', 'gemini-2.0-flash-exp', 404],
    ['a voice asked to write', 'gemini-3.8-flash-tts', 400],
    ['a Live model', 'gemini-3.8-live', 404],
  ])('refuses %s', async (_what, model, status) => {
    await expect(ask(model)).rejects.toMatchObject({ status });
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['no contents', '{}'],
    ['broken base64', '{"contents":[{"parts":[{"inlineData":{"mimeType":"image/jpeg","data":"?"}}]}]}'],
    ['a WAV that is none', '{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}}]}]}'],
    ['a film', '{"contents":[{"parts":[{"inlineData":{"mimeType":"video/mp4","data":"AAAA"}}]}]}'],
  ])('answers 400 to a request with %s', async (_what, body) => {
    const url = `${simulator.url}/v1beta/models/gemini-3.8-flash:generateContent`;
    const response = await fetch(url, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 400, status: 'INVALID_ARGUMENT' } });
  });

  it.each([
    ['http-bad-key', 400, 'API_KEY_INVALID'],
    ['http-unauthenticated', 401, 'UNAUTHENTICATED'],
    ['http-forbidden', 403, 'PERMISSION_DENIED'],
    ['http-unknown-model', 404, 'NOT_FOUND'],
    ['http-quota-per-minute', 429, 'PerMinute'],
    ['http-quota-per-day', 429, 'PerDay'],
    ['http-internal', 500, 'INTERNAL'],
    ['http-unavailable', 503, 'UNAVAILABLE'],
    ['http-deadline', 504, 'DEADLINE_EXCEEDED'],
    ['key-refused', 400, 'API_KEY_INVALID'],
  ])('under %s is refused with %i', async (name, status, words) => {
    simulator.load(namedScenario(name));
    const error = await refusal();
    expect(error.status).toBe(status);
    expect(error.message).toContain(words);
  });

  it('says when to come again where the quota is by the minute', async () => {
    simulator.load(namedScenario('http-quota-per-minute'));
    expect((await refusal()).message).toContain('"retryDelay":"7s"');
  });

  it('fails once and works again where the scenario says once', async () => {
    simulator.load(namedScenario('http-unavailable-once'));
    expect((await refusal()).status).toBe(503);
    expect((await ask()).text).toContain('Simulated answer');
  });

  it('breaks off in the middle', async () => {
    simulator.load(namedScenario('http-cut'));
    await expect(ask()).rejects.toThrow();
    expect((await ask()).text).toContain('Simulated answer');
  });

  it('refuses speech alone', async () => {
    simulator.load(namedScenario('http-no-speech'));
    expect((await ask()).text).toContain('Simulated answer');
    const config = { responseModalities: [Modality.AUDIO] };
    const speech = ai.models.generateContent({ model: 'gemini-3.8-flash-tts', contents: 'a', config });
    await expect(speech).rejects.toMatchObject({ status: 500 });
  });

  it('hangs until the caller gives up', async () => {
    simulator.load(namedScenario('http-hangs'));
    const abort = new AbortController();
    const asked = ai.models.generateContent({
      model: 'gemini-3.8-flash',
      contents: 'a',
      config: { abortSignal: abort.signal },
    });
    await expect.poll(() => simulator.state().requests).toHaveLength(1);
    abort.abort();
    await expect(asked).rejects.toThrow();
  });
});
