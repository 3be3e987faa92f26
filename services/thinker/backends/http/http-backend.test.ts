import type { ServerResponse } from 'node:http';
import { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { systemClock } from '#shared/time/clock.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { AnswerPart, Question } from '../answer-backend.ts';
import type { AnswerFailure } from '../answer-failure.ts';
import type { Voice } from '../voice.ts';
import {
  type GeminiHandler,
  sendDrop,
  sendError,
  sendSpeech,
  sendText,
  startGeminiServer,
} from './gemini-server.fixture.ts';
import { createHttpBackend } from './http-backend.ts';

/** A machine under load takes its time; what is waited for has no limit of its own. */
const EVENTUALLY = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A local voice whose sound is recognised by its sample. */
const LOCAL: Voice = { name: 'local', speak: async () => Int16Array.of(-7) };
const MUTE: Voice = { name: 'mute', speak: () => Promise.reject(new Error('not installed')) };
const UTTERANCE: Question = { audio: new Int16Array(1_600).fill(9), history: [] };

async function start(handler: GeminiHandler, { localVoice = LOCAL, clock = systemClock() as Clock } = {}) {
  const server = await startGeminiServer(handler);
  stops.push(() => server.close());
  const meters = new Meters();
  const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: server.url, apiVersion: 'v1beta' } });
  const backend = createHttpBackend({
    models: ai.models,
    model: 'a-model',
    ttsModel: 'a-voice',
    voiceName: 'Kore',
    instruction: 'You help.',
    temperature: 0.7,
    maxTokens: 1024,
    localVoice,
    clock,
    log: createLog('test', 'silent'),
    meters,
  });
  return { server, backend, counters: () => meters.snapshot(0).counters };
}

async function read(parts: AsyncIterable<AnswerPart>) {
  const all: AnswerPart[] = [];
  let failure: unknown;
  try {
    for await (const part of parts) all.push(part);
  } catch (error) {
    failure = error;
  }
  return {
    order: all.map(({ type }) => type),
    text: all.flatMap((part) => (part.type === 'modelText' ? part.text : [])).at(-1),
    heard: all.flatMap((part) => (part.type === 'userText' ? part.text : [])),
    sounds: all.flatMap((part) => (part.type === 'audio' ? (part.samples[0] ?? 0) : [])),
    tokens: all.flatMap((part) => (part.type === 'usage' ? [part.tokens] : [])),
    failure: failure as AnswerFailure | undefined,
  };
}

const never = new AbortController().signal;

/** Speaks every piece as the number of its first character. */
const speaks: GeminiHandler = (call, response) => sendSpeech(response, call.text.charCodeAt(0));

describe('an answer over HTTP', () => {
  it('asks with sound, picture and the words before, and tells what it heard before it answers', async () => {
    const { server, backend } = await start((call, response) =>
      call.kind === 'tts'
        ? speaks(call, response)
        : sendText(response, ['HEARD: what is', ' ahead?\nA do', 'or. It is open.']),
    );
    const history = [
      { role: 'model', text: 'Hello.' },
      { role: 'user', text: 'Hi.' },
      { role: 'model', text: 'Yes?' },
    ] as const;
    const answer = await read(
      backend.answer({ ...UTTERANCE, frame: Uint8Array.of(0xff, 0xd8), history }, new AbortController().signal),
    );
    expect(answer).toMatchObject({
      heard: ['what is ahead?'],
      text: 'A door. It is open.',
      sounds: ['A'.charCodeAt(0), 'I'.charCodeAt(0)],
      failure: undefined,
    });
    expect(answer.order[0]).toBe('userText');
    expect(answer.tokens).toContainEqual({ httpPromptTokens: 300, httpResponseTokens: 20, httpPromptAudioTokens: 75 });
    expect(answer.tokens).toContainEqual({ ttsPromptTokens: 5, ttsResponseTokens: 25 });

    const [asked, spoken] = server.calls;
    expect(asked?.path).toBe('/v1beta/models/a-model:streamGenerateContent?alt=sse');
    expect(asked?.headers['x-goog-api-key']).toBe('key');
    expect(asked?.body.contents.map(({ role }) => role)).toEqual(['user', 'model', 'user']);
    expect(asked?.body.systemInstruction?.parts[0]?.text).toMatch(/^You help\.\n.*\n.*HEARD:/);
    const [picture, sound] = asked?.body.contents.at(-1)?.parts ?? [];
    expect(picture?.inlineData).toEqual({ mimeType: 'image/jpeg', data: '/9g=' });
    expect(sound?.inlineData?.mimeType).toBe('audio/wav');
    expect(readWav(Buffer.from(sound?.inlineData?.data ?? '', 'base64'))).toMatchObject({ sampleRateHz: 16_000 });
    expect(spoken).toMatchObject({ path: '/v1beta/models/a-voice:generateContent', text: 'A door.' });
    expect(spoken?.body.generationConfig).toMatchObject({
      responseModalities: ['AUDIO'],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
    });
  });

  it('is heard before its last word is written', async () => {
    let firstSpoken = () => {};
    const spoken = new Promise<void>((resolve) => {
      firstSpoken = resolve;
    });
    const { backend } = await start(async (call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      sendDrop(response, 'A door. Then');
      await spoken;
      sendText(response, [' a wall.']);
    });
    const sounds: number[] = [];
    for await (const part of backend.answer({ text: 'what is ahead', history: [] }, never)) {
      if (part.type !== 'audio') continue;
      sounds.push(part.samples[0] ?? 0);
      firstSpoken();
    }
    expect(sounds).toEqual([65, 84]);
  });

  it('is spoken in order though a later piece is ready first', async () => {
    const late: (() => void)[] = [];
    const { backend } = await start((call, response) => {
      if (call.kind === 'text')
        return sendText(response, ['Ah. ', 'Bbbbbbbbbb bbbbbbbbbb bbbbbbbbbb bbbbbbbbbb bbbbbbbbbb. C.']);
      if (call.text === 'Ah.') late.push(() => speaks(call, response));
      else {
        speaks(call, response);
        for (const send of late.splice(0)) send();
      }
    });
    expect((await read(backend.answer({ text: 'go', history: [] }, never))).sounds).toEqual([65, 66, 67]);
  });

  it.each([
    ['wav', 24_000],
    ['wav', 44_100],
    ['l16', 24_000],
    ['l16', 16_000],
  ] as const)('comes out at 24 kHz from %s at %i Hz', async (form, rateHz) => {
    const { backend } = await start((_call, response) => sendSpeech(response, 0, form, rateHz));
    const parts: AnswerPart[] = [];
    for await (const part of backend.answer({ sayExactly: 'Hello.', history: [] }, never)) parts.push(part);
    const sound = parts.find((part) => part.type === 'audio');
    expect(sound?.samples.length).toBeGreaterThanOrEqual(2_400);
    expect(sound?.samples.length).toBeLessThanOrEqual(2_900);
  });

  it('says exactly what it is told to, without asking the model', async () => {
    const { server, backend } = await start(speaks);
    const answer = await read(backend.answer({ sayExactly: 'Bus 5 is here. Get in.', history: [] }, never));
    expect(answer).toMatchObject({ text: 'Bus 5 is here. Get in.', sounds: [66, 71] });
    expect(server.calls.map(({ kind, text }) => `${kind} ${text}`)).toEqual(['tts Bus 5 is here.', 'tts Get in.']);
  });

  it('admits that it has no eyes', async () => {
    const { server, backend } = await start((call, response) =>
      call.kind === 'tts' ? speaks(call, response) : sendText(response, ['No.']),
    );
    await read(backend.answer({ text: 'what do you see', cannotSee: true, history: [] }, never));
    expect(server.calls[0]?.body.systemInstruction?.parts[0]?.text).toContain('you cannot see');
  });

  it('leaves thoughts unsaid', async () => {
    const { backend } = await start((call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      sendDrop(response, '', { content: { parts: [{ text: 'Let me think.', thought: true }, { text: 'Yes.' }] } });
      response.end();
    });
    expect((await read(backend.answer({ text: 'is it', history: [] }, never))).text).toBe('Yes.');
  });

  it('says that Gemini will not answer instead of saying nothing', async () => {
    const { backend } = await start((call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('data: {"promptFeedback":{"blockReason":"SAFETY"}}\r\n\r\n');
    });
    expect(await read(backend.answer({ text: 'x', history: [] }, never))).toMatchObject({
      text: 'Gemini will not answer that.',
      sounds: [71],
    });
  });
});

describe('when Gemini fails', () => {
  it('is asked once more after a bad moment', async () => {
    let asked = 0;
    const { backend, counters } = await start((call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      asked += 1;
      if (asked === 1) sendError(response, 503);
      else sendText(response, ['Yes.']);
    });
    expect(await read(backend.answer(UTTERANCE, never))).toMatchObject({ text: 'Yes.', failure: undefined });
    expect(counters()['httpRetries']).toBe(1);
  });

  it('is asked without a thinking level for good once it refused one', async () => {
    const { server, backend } = await start((call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      if (!call.body.generationConfig?.['thinkingConfig']) return sendText(response, ['Yes.']);
      sendError(response, 400, [], 'Thinking level is not supported for this model.');
    });
    for (let time = 1; time <= 2; time += 1) expect((await read(backend.answer(UTTERANCE, never))).text).toBe('Yes.');
    const asked = server.calls.filter(({ kind }) => kind === 'text');
    expect(asked.map(({ body }) => body.generationConfig?.['thinkingConfig'])).toEqual([
      { thinkingLevel: 'MINIMAL' },
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['a page', '<html><body>Welcome!</body></html>'],
    ['a page with blank lines', '<html>\n\n<body>Welcome!</body>\n\n</html>\n\n'],
    ['nothing', ''],
  ])('%s of a Wi-Fi log-in in its place is a matter of the network', async (_what, page) => {
    const { backend } = await start((_call, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(page),
    );
    expect(await read(backend.answer(UTTERANCE, never))).toMatchObject({ order: [], failure: { kind: 'network' } });
  });

  it('is asked once more after an empty answer, and no third time', async () => {
    const { server, backend } = await start((_call, response) => sendText(response, []));
    expect((await read(backend.answer(UTTERANCE, never))).failure).toMatchObject({
      kind: 'transient',
      retryable: true,
    });
    expect(server.calls).toHaveLength(2);
  });

  it('fails where the answer holds nothing that can be said, instead of ending without a sound', async () => {
    const { backend } = await start((call, response) =>
      call.kind === 'tts' ? speaks(call, response) : sendText(response, ['**', ' … ', '**']),
    );
    expect(await read(backend.answer(UTTERANCE, never))).toMatchObject({ failure: { kind: 'transient' } });
  });

  it('is asked again, without the line, when it put its answer on the line of what it heard', async () => {
    const { server, backend } = await start((call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      const hears = call.body.systemInstruction?.parts[0]?.text.includes('HEARD:');
      sendText(response, [hears ? 'HEARD: is it red Yes, it is.' : 'Yes, it is.']);
    });
    expect(await read(backend.answer(UTTERANCE, never))).toMatchObject({
      heard: ['is it red Yes, it is.'],
      text: 'Yes, it is.',
      failure: undefined,
    });
    expect(server.calls.filter(({ kind }) => kind === 'text')).toHaveLength(2);
  });

  it.each([
    ['a bad key', 403, [], 'auth'],
    ['a spent day', 429, [{ violations: [{ quotaId: 'RequestsPerDay' }] }], 'quota'],
    ['a minute that is long', 429, [{ retryDelay: '30s' }], 'quota'],
  ] as const)('is not asked again after %s', async (_what, status, details, kind) => {
    const { server, backend } = await start((_call, response) => sendError(response, status, [...details]));
    expect((await read(backend.answer(UTTERANCE, never))).failure).toMatchObject({ kind });
    expect(server.calls).toHaveLength(1);
  });

  it('an answer that breaks off is spoken as far as it came, and the failure is told', async () => {
    const { backend } = await start((call, response) => {
      if (call.kind === 'tts') return speaks(call, response);
      sendDrop(response, 'A door. Beside it');
      setImmediate(() => response.destroy());
    });
    expect(await read(backend.answer(UTTERANCE, never))).toMatchObject({
      text: 'A door. Beside it',
      sounds: [65, 66],
      failure: { kind: 'network' },
    });
  });

  it('a model that says nothing is given up after its time, and the connection is closed', async () => {
    const clock = manualClock();
    const { server, backend } = await start(() => clock.advance(8_000), { clock });
    expect((await read(backend.answer(UTTERANCE, never))).failure).toMatchObject({ kind: 'timeout' });
    await expect.poll(() => server.openAnswers(), EVENTUALLY).toBe(0);
  });

  it('a model that falls silent within its answer is given up, and what it said is spoken', async () => {
    const clock = manualClock();
    const { backend } = await start(
      (call, response) => {
        if (call.kind === 'tts') return speaks(call, response);
        sendDrop(response, 'A door. Beside');
      },
      { clock },
    );
    const parts: AnswerPart[] = [];
    const reading = (async () => {
      for await (const part of backend.answer(UTTERANCE, never)) {
        if (part.type === 'audio' && !parts.some(({ type }) => type === 'audio')) clock.advance(5_000);
        parts.push(part);
      }
    })();
    await expect(reading).rejects.toMatchObject({ kind: 'timeout' });
    expect(parts.flatMap((part) => (part.type === 'audio' ? part.samples[0] : []))).toEqual([65, 66]);
  });

  it('a slow model is waited for as long as it goes on', async () => {
    const clock = manualClock();
    const drops = ['door. ', 'Beside ', 'it ', 'a wall.'];
    let answering: ServerResponse | undefined;
    const { backend } = await start(
      (call, response) => {
        if (call.kind === 'tts') return speaks(call, response);
        answering = response;
        sendDrop(response, 'A ');
      },
      { clock },
    );
    let text = '';
    for await (const part of backend.answer(UTTERANCE, never)) {
      if (part.type !== 'modelText' || !answering) continue;
      text = part.text;
      clock.advance(4_000);
      const drop = drops.shift();
      if (drop) sendDrop(answering, drop);
      else answering.end();
    }
    expect(text).toBe('A door. Beside it a wall.');
  });

  it('an unreachable Google is told apart', async () => {
    const { server, backend } = await start(() => undefined);
    await server.close();
    expect((await read(backend.answer(UTTERANCE, never))).failure).toMatchObject({ kind: 'network', retryable: true });
  });
});

/** Long enough to be a piece of its own. */
const LONG = 'Two and a good many words more, so that it stands alone.';

describe('when the voice fails', () => {
  const answers =
    (tts: GeminiHandler): GeminiHandler =>
    (call, response) =>
      call.kind === 'tts' ? tts(call, response) : sendText(response, ['One. ', `${LONG} ${LONG} `, 'Three.']);

  it('tries a piece once more', async () => {
    let tries = 0;
    const { backend } = await start(
      answers((call, response) => {
        tries += 1;
        if (tries === 1) sendError(response, 500);
        else speaks(call, response);
      }),
    );
    expect((await read(backend.answer(UTTERANCE, never))).sounds).toEqual([79, 84, 84, 84]);
  });

  it('goes on with the local voice, and does not go back within the answer', async () => {
    const { server, backend, counters } = await start(
      answers((call, response) => (call.text.startsWith('One') ? speaks(call, response) : sendError(response, 404))),
    );
    const answer = await read(backend.answer(UTTERANCE, never));
    expect(answer).toMatchObject({ sounds: [79, -7, -7, -7], failure: undefined });
    expect(counters()['httpTtsFallbacks']).toBe(1);
    expect(server.calls.filter(({ text }) => text.startsWith('Three'))).toHaveLength(0);
  });

  it('goes on with the local voice when a piece is not spoken in time', async () => {
    const clock = manualClock();
    const { server, backend } = await start(
      answers(() => clock.advance(8_000)),
      { clock },
    );
    expect(await read(backend.answer(UTTERANCE, never))).toMatchObject({
      sounds: [-7, -7, -7, -7],
      failure: undefined,
    });
    await expect.poll(() => server.openAnswers(), EVENTUALLY).toBe(0);
  });

  it('speaks locally where the answer holds no sound', async () => {
    const { backend } = await start(answers((_call, response) => sendText(response, ['no sound'])));
    expect((await read(backend.answer(UTTERANCE, never))).sounds).toEqual([-7, -7, -7, -7]);
  });

  it('gives the whole text and then the reason where no voice is left', async () => {
    const { backend } = await start(
      answers((_call, response) => sendError(response, 403)),
      { localVoice: MUTE },
    );
    const answer = await read(backend.answer(UTTERANCE, never));
    expect(answer.text).toMatch(/^One.*Three\.$/);
    expect(answer).toMatchObject({ sounds: [], failure: { kind: 'auth' } });
  });
});

describe('an abort', () => {
  it('ends the stream at once, without a failure, and closes every connection', async () => {
    const { server, backend } = await start((call, response) => {
      if (call.kind === 'text') sendDrop(response, 'One. Two');
    });
    const controller = new AbortController();
    const parts: string[] = [];
    for await (const part of backend.answer(UTTERANCE, controller.signal)) {
      parts.push(part.type);
      await expect.poll(() => server.openAnswers(), EVENTUALLY).toBe(2);
      controller.abort();
    }
    expect(parts).toEqual(['modelText']);
    await expect.poll(() => server.openAnswers(), EVENTUALLY).toBe(0);
  });

  it('before the first word is obeyed while nothing has come back', async () => {
    const controller = new AbortController();
    const { server, backend } = await start(() => setImmediate(() => controller.abort()));
    expect(await read(backend.answer(UTTERANCE, controller.signal))).toMatchObject({ order: [], failure: undefined });
    await expect.poll(() => server.openAnswers(), EVENTUALLY).toBe(0);
  });

  it('before the beginning asks nobody', async () => {
    const { server, backend } = await start(() => undefined);
    expect((await read(backend.answer(UTTERANCE, AbortSignal.abort()))).order).toEqual([]);
    expect(server.calls).toEqual([]);
  });

  it('is what leaving the loop amounts to', async () => {
    const { server, backend } = await start((call, response) => {
      if (call.kind === 'text') sendDrop(response, 'One. Two');
    });
    for await (const part of backend.answer(UTTERANCE, never)) if (part.type === 'modelText') break;
    await expect.poll(() => server.openAnswers(), EVENTUALLY).toBe(0);
  });
});
