import type { ZodMiniType } from 'zod/mini';
import { decodePcmFrame, encodePcmFrame, type PcmFrame } from '#shared/pcm/frame.ts';
import type { Codec } from './channel.ts';

/** UTF-8 JSON checked by `schema` in both directions. `decode` throws an Error that lists every wrong field. */
export function json<Payload>(schema: ZodMiniType<Payload>): Codec<Payload> {
  return {
    contentType: 'application/json',
    schema,
    encode: (payload) => Buffer.from(JSON.stringify(payload)),
    decode: (bytes) => parseJson(schema, bytes),
  };
}

/** As `json`, with an empty payload for null: how MQTT clears a retained value. */
export function jsonOrEmpty<Payload>(schema: ZodMiniType<Payload>): Codec<Payload | null> {
  return {
    contentType: 'application/json',
    schema,
    encode: (payload) => (payload === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(payload))),
    decode: (bytes) => (bytes.length === 0 ? null : parseJson(schema, bytes)),
  };
}

/** The 24-byte header and its samples; see pcm/frame.ts. */
export const pcm: Codec<PcmFrame> = {
  contentType: 'application/vnd.cortex.pcm',
  encode: encodePcmFrame,
  decode: decodePcmFrame,
};

/** A plain JPEG file; empty when the camera is blocked or gone. `decode` throws on other bytes. */
export const jpeg: Codec<Uint8Array> = {
  contentType: 'image/jpeg',
  encode: (file) => Buffer.from(file.buffer, file.byteOffset, file.byteLength),
  decode(bytes) {
    const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
    if (bytes.length > 0 && !isJpeg) throw new RangeError('not a JPEG file (it does not begin with FF D8 FF)');
    return bytes;
  },
};

function parseJson<Payload>(schema: ZodMiniType<Payload>, bytes: Uint8Array): Payload {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const result = schema.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  throw new RangeError(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`).join('; '),
  );
}
