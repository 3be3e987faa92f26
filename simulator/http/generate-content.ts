import * as z from 'zod/mini';
import { readWav, writeWav } from '#shared/audio/wav.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { MICROPHONE_RATE_HZ, REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Answerer } from '../answer/answerer.ts';
import type { Voice } from '../answer/voice.ts';
import { fromBase64 } from '../live/client-message.ts';
import { camelised } from '../live/field-tree.ts';
import { IMAGE_TOKENS, NO_TOKENS, soundTokens, textTokens } from '../live/usage.ts';
import { type HttpError, invalidRequest, namedHttpError } from './http-error.ts';

/** What a `generateContent` call answers: the parts of its candidate, one after the other, and what it cost. */
export interface GeneratedContent {
  parts: { text?: string; inlineData?: { mimeType: string; data: string } }[];
  usageMetadata: { promptTokenCount: number; candidatesTokenCount: number; totalTokenCount: number };
}

const Part = z.looseObject({
  text: z.optional(z.string()),
  inlineData: z.optional(z.object({ mimeType: z.string(), data: z.string() })),
});
const Request = z.looseObject({
  contents: z.array(z.looseObject({ parts: z.array(Part) })).check(z.minLength(1)),
  systemInstruction: z.optional(z.looseObject({ parts: z.optional(z.array(Part)) })),
  generationConfig: z.optional(z.looseObject({ responseModalities: z.optional(z.array(z.string())) })),
});

/** Families that are served over HTTP today; the older ones are shut down. */
const SERVED = /^gemini-(2\.5|3|3\.[0-9])-(flash|flash-lite|pro)(-preview)?(-tts)?(-preview)?$/;
/** The ones to name in a list. */
export const HTTP_MODELS = [
  'gemini-3.8-flash',
  'gemini-3.8-flash-tts',
  'gemini-2.5-flash',
  'gemini-2.5-flash-preview-tts',
];
const WORDS_PER_EVENT = 6;

/** An instruction that asks for the words of the recording on the first line of the output. */
const WANTS_HEARD = /\bHEARD:/;

/** Answers a request body. @param text the output, @param hears the words in its sound, by the scenario. @returns an HttpError for what Google would refuse. */
export async function generateContent(
  model: string,
  body: unknown,
  {
    answer,
    voice,
    text,
    hears,
  }: { answer: Answerer; voice: Voice; text: string | undefined; hears: string | undefined },
): Promise<{ content: GeneratedContent } | { error: HttpError }> {
  if (!SERVED.test(model)) return { error: namedHttpError('unknown-model', model) };
  const parsed = Request.safeParse(camelised(body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { error: invalidRequest(`Invalid value at '${issue?.path.join('.')}': ${issue?.message}`) };
  }
  const { contents, systemInstruction, generationConfig } = parsed.data;
  const parts = contents.at(-1)?.parts ?? [];
  const texts = parts.flatMap((part) => part.text ?? []);
  const speaks = generationConfig?.responseModalities?.includes('AUDIO') ?? false;
  if (speaks !== model.includes('-tts')) {
    return {
      error: invalidRequest(`Model does not support the requested response modalities: ${speaks ? 'AUDIO' : 'TEXT'}`),
    };
  }
  if (speaks) return { content: await speak(model, texts.join(' '), voice) };
  let samples: Int16Array | undefined;
  let image: Buffer | undefined;
  for (const { inlineData } of parts) {
    if (!inlineData) continue;
    const bytes = fromBase64(inlineData.data);
    if (!bytes)
      return { error: invalidRequest('Invalid value at inline_data.data (TYPE_BYTES), Base64 decoding failed.') };
    if (inlineData.mimeType.startsWith('image/')) image = bytes;
    else if (/^audio\/(x-)?wav/.test(inlineData.mimeType)) {
      try {
        ({ samples } = readWav(bytes));
      } catch (error) {
        return { error: invalidRequest(`Unable to process input audio: ${messageOf(error)}`) };
      }
    } else return { error: invalidRequest(`Unsupported MIME type: ${inlineData.mimeType}`) };
  }
  const question = {
    turn: 1,
    heard: undefined,
    texts: samples ? [] : texts,
    toolResults: [],
    context: { entries: [], tokens: NO_TOKENS, startedAtMs: 0, sawVideo: false },
    tools: [],
    first: true,
    hears: samples && hears,
    reply: text === undefined ? undefined : { kind: 'text' as const, text },
    callTool: undefined,
  };
  const composed = await answer(question, { samples, image }, { spoken: false });
  const instructions = systemInstruction?.parts?.map((part) => part.text ?? '').join(' ') ?? '';
  const repeats = samples !== undefined && text === undefined && WANTS_HEARD.test(instructions);
  const output = repeats ? `HEARD: ${composed.heard}\n${composed.text}` : composed.text;
  const promptTokens =
    textTokens(texts.join(' ')) + soundTokens(samples?.length ?? 0, MICROPHONE_RATE_HZ) + (image ? IMAGE_TOKENS : 0);
  return {
    content: { parts: [{ text: output }], usageMetadata: usage(promptTokens, textTokens(output)) },
  };
}

/** Newer voices answer a whole WAV file, the 2.5 ones bare samples. */
async function speak(model: string, text: string, voice: Voice): Promise<GeneratedContent> {
  const samples = await voice(text);
  const wav = writeWav({ sampleRateHz: REPLY_RATE_HZ, samples });
  const older = model.startsWith('gemini-2.5');
  const inlineData = older
    ? { mimeType: 'audio/L16;codec=pcm;rate=24000', data: wav.subarray(44).toString('base64') }
    : { mimeType: 'audio/wav', data: wav.toString('base64') };
  return {
    parts: [{ inlineData }],
    usageMetadata: usage(textTokens(text), soundTokens(samples.length, REPLY_RATE_HZ)),
  };
}

function usage(promptTokenCount: number, candidatesTokenCount: number): GeneratedContent['usageMetadata'] {
  return { promptTokenCount, candidatesTokenCount, totalTokenCount: promptTokenCount + candidatesTokenCount };
}

/** The response bodies of one answer: a single one, or as many as a stream sends; `finishReason` is on the last. */
export function responseBodies(model: string, content: GeneratedContent, stream: boolean): object[] {
  const pieces = stream ? content.parts.flatMap(piecesOf) : [content.parts];
  return pieces.map((parts, index) => ({
    candidates: [
      {
        content: { parts, role: 'model' },
        ...(index === pieces.length - 1 && { finishReason: 'STOP' }),
        index: 0,
      },
    ],
    usageMetadata: content.usageMetadata,
    modelVersion: model,
  }));
}

function piecesOf(part: GeneratedContent['parts'][number]): GeneratedContent['parts'][] {
  const words = part.text?.match(/\s*\S+/g);
  if (!words) return [[part]];
  const pieces: GeneratedContent['parts'][] = [];
  for (let from = 0; from < words.length; from += WORDS_PER_EVENT) {
    pieces.push([{ text: words.slice(from, from + WORDS_PER_EVENT).join('') }]);
  }
  return pieces;
}
