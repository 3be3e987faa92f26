import * as z from 'zod/mini';
import { CLOSE_CAUSES, type Close, secondMessageKind, UNREADABLE_JSON, unknownField } from './close-causes.ts';
import { camelised, type FieldTree, firstUnknownField, isRecord } from './field-tree.ts';

/** What a client says after the WebSocket's opening, one kind a message. */
export type ClientMessage =
  | { kind: 'setup'; setup: Record<string, unknown> }
  | { kind: 'clientContent'; turns: Content[]; turnComplete: boolean }
  | RealtimeInput
  | { kind: 'toolResponse'; responses: FunctionResponse[] };

export interface RealtimeInput {
  kind: 'realtimeInput';
  activityStart: boolean;
  /** s16le mono at 16 kHz. */
  pcm?: Buffer;
  image?: { mimeType: string; bytes: Buffer };
  text?: string;
  audioStreamEnd: boolean;
  activityEnd: boolean;
}

export interface Content {
  role: 'user' | 'model';
  text: string;
  /** A part that is a function call or its response: some deployments refuse such a history. */
  hasToolCalls: boolean;
}

export interface FunctionResponse {
  id: string;
  name: string;
  response: Record<string, unknown>;
}

export type Decoded = { message: ClientMessage } | { refused: Close };

const BLOB: FieldTree = { mimeType: 'any', data: 'any', displayName: 'any' };
const MESSAGE_FIELDS: Record<string, FieldTree> = {
  clientContent: { turns: { role: 'any', parts: 'any' }, turnComplete: 'any' },
  realtimeInput: {
    mediaChunks: 'any',
    audio: BLOB,
    video: BLOB,
    text: 'any',
    activityStart: {},
    activityEnd: {},
    audioStreamEnd: 'any',
  },
  toolResponse: {
    functionResponses: {
      id: 'any',
      name: 'any',
      response: 'any',
      willContinue: 'any',
      scheduling: 'any',
      parts: 'any',
    },
  },
};

const Blob = z.object({ mimeType: z.string(), data: z.string() });
const ClientContent = z.object({
  turns: z.optional(
    z.array(
      z.object({
        role: z.optional(z.enum(['user', 'model'])),
        parts: z.array(z.looseObject({ text: z.optional(z.string()) })).check(z.minLength(1)),
      }),
    ),
  ),
  turnComplete: z.optional(z.boolean()),
});
const Realtime = z.object({
  activityStart: z.optional(z.object({})),
  activityEnd: z.optional(z.object({})),
  audio: z.optional(Blob),
  video: z.optional(Blob),
  text: z.optional(z.string()),
  audioStreamEnd: z.optional(z.boolean()),
});
const ToolResponse = z.object({
  functionResponses: z.array(
    z.object({ id: z.string(), name: z.optional(z.string()), response: z.record(z.string(), z.unknown()) }),
  ),
});

/** Reads one WebSocket message, text or binary. Whatever the bytes, it answers with a message or the close they deserve. */
export function decodeClientMessage(bytes: Buffer): Decoded {
  let json: unknown;
  try {
    json = camelised(JSON.parse(bytes.toString()));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return { refused: UNREADABLE_JSON };
    throw error;
  }
  if (!isRecord(json)) return { refused: UNREADABLE_JSON };
  const [first, second] = Object.keys(json);
  if (first === undefined) return { refused: CLOSE_CAUSES['invalid-argument'] };
  if (second !== undefined) return { refused: secondMessageKind(second) };
  const body = json[first];
  if (first === 'setup') {
    return isRecord(body) ? { message: { kind: 'setup', setup: body } } : { refused: CLOSE_CAUSES['invalid-argument'] };
  }
  const fields = Object.hasOwn(MESSAGE_FIELDS, first) ? MESSAGE_FIELDS[first] : undefined;
  if (!fields) return { refused: unknownField(first, '') };
  const unknown = firstUnknownField(json, { [first]: fields }, '');
  if (unknown) return { refused: unknown };
  if (first === 'clientContent') return decodeClientContent(body);
  if (first === 'toolResponse') return decodeToolResponse(body);
  return decodeRealtimeInput(body);
}

function decodeClientContent(body: unknown): Decoded {
  const parsed = ClientContent.safeParse(body);
  if (!parsed.success) return { refused: CLOSE_CAUSES['invalid-argument'] };
  const turns = (parsed.data.turns ?? []).map(({ role, parts }) => ({
    role: role ?? ('user' as const),
    text: parts.flatMap((part) => part.text ?? []).join(' '),
    hasToolCalls: parts.some((part) => 'functionCall' in part || 'functionResponse' in part),
  }));
  return { message: { kind: 'clientContent', turns, turnComplete: parsed.data.turnComplete ?? false } };
}

function decodeToolResponse(body: unknown): Decoded {
  const parsed = ToolResponse.safeParse(body);
  if (!parsed.success) return { refused: CLOSE_CAUSES['invalid-argument'] };
  const responses = parsed.data.functionResponses.map(({ id, name, response }) => ({ id, name: name ?? '', response }));
  return { message: { kind: 'toolResponse', responses } };
}

function decodeRealtimeInput(body: unknown): Decoded {
  if (isRecord(body) && 'mediaChunks' in body) return { refused: CLOSE_CAUSES['media-chunks'] };
  const parsed = Realtime.safeParse(body);
  if (!parsed.success) return { refused: CLOSE_CAUSES['invalid-argument'] };
  const { audio, video, text, activityStart, activityEnd, audioStreamEnd } = parsed.data;
  const input: RealtimeInput = {
    kind: 'realtimeInput',
    activityStart: activityStart !== undefined,
    activityEnd: activityEnd !== undefined,
    audioStreamEnd: audioStreamEnd ?? false,
  };
  if (text !== undefined) input.text = text;
  if (audio) {
    const pcm = /^audio\/pcm(;rate=16000)?$/.test(audio.mimeType.replaceAll(' ', ''))
      ? fromBase64(audio.data)
      : undefined;
    if (!pcm || pcm.length % 2 !== 0) return { refused: CLOSE_CAUSES['invalid-argument'] };
    input.pcm = pcm;
  }
  if (video) {
    const bytes = /^image\/(jpeg|png|webp)$/.test(video.mimeType) ? fromBase64(video.data) : undefined;
    if (!bytes) return { refused: CLOSE_CAUSES['invalid-argument'] };
    input.image = { mimeType: video.mimeType, bytes };
  }
  return { message: input };
}

/** Standard and URL-safe base64 alike; undefined for anything else, where Node would skip what it cannot read. */
export function fromBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}
