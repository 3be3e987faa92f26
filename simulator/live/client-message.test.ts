import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeClientMessage } from './client-message.ts';

const decode = (message: unknown) => decodeClientMessage(Buffer.from(JSON.stringify(message)));
const blob = (data: string, mimeType = 'audio/pcm;rate=16000') => ({ data, mimeType });

describe('a client message', () => {
  it.each([
    ['no JSON', 'nonsense', 1007, 'Invalid JSON payload received.'],
    ['a bare number', '5', 1007, 'Invalid JSON payload received.'],
    ['no kind at all', '{}', 1007, 'Request contains an invalid argument.'],
    ['two kinds', '{"setup":{},"clientContent":{}}', 1007, "Invalid value (oneof), oneof field 'message_type'"],
    ['an unknown kind', '{"hello":{}}', 1007, 'Invalid JSON payload received. Unknown name "hello"'],
    ['the name of an inherited property', '{"constructor":{}}', 1007, 'Invalid JSON payload received. Unknown name'],
    ['an unknown field', '{"realtimeInput":{"sound":1}}', 1007, 'Invalid JSON payload received. Unknown name "sound"'],
    ['mediaChunks', '{"realtimeInput":{"mediaChunks":[]}}', 1007, 'realtime_input.media_chunks is deprecated.'],
    ['media_chunks', '{"realtime_input":{"media_chunks":[]}}', 1007, 'realtime_input.media_chunks is deprecated.'],
    ['content without parts', '{"clientContent":{"turns":[{"parts":[]}]}}', 1007, 'Request contains an invalid'],
    ['an unknown role', '{"clientContent":{"turns":[{"role":"system","parts":[{"text":"a"}]}]}}', 1007, 'Request co'],
    ['a function response without id', '{"toolResponse":{"functionResponses":[{"response":{}}]}}', 1007, 'Request co'],
    ['half a sample', JSON.stringify({ realtimeInput: { audio: blob('AA==') } }), 1007, 'Request contains an invalid'],
    [
      'another rate',
      JSON.stringify({ realtimeInput: { audio: blob('AAA=', 'audio/pcm;rate=8000') } }),
      1007,
      'Request',
    ],
    ['no base64', JSON.stringify({ realtimeInput: { audio: blob('?!') } }), 1007, 'Request contains an invalid'],
    [
      'a film',
      JSON.stringify({ realtimeInput: { video: blob('AAAA', 'video/mp4') } }),
      1007,
      'Request contains an inva',
    ],
  ])('with %s is closed on', (_what, text, code, reason) => {
    const decoded = decodeClientMessage(Buffer.from(text));
    expect(decoded).toMatchObject({ refused: { code, reason: expect.stringContaining(reason) } });
  });

  it('is read in snake_case as in camelCase', () => {
    const snake = decode({ realtime_input: { audio: { data: 'AAA=', mime_type: 'audio/pcm;rate=16000' } } });
    expect(snake).toEqual(decode({ realtimeInput: { audio: blob('AAA=') } }));
  });

  it('is read in URL-safe base64 as in the standard one', () => {
    expect(decode({ realtimeInput: { audio: blob('-_8=') } })).toEqual(
      decode({ realtimeInput: { audio: blob('+/8=') } }),
    );
  });

  it("keeps the names inside a function's response", () => {
    const response = { battery_level: 1 };
    expect(decode({ tool_response: { function_responses: [{ id: 'a', name: 'b', response }] } })).toMatchObject({
      message: { responses: [{ response }] },
    });
  });

  it('is decoded or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(Object.keys(decodeClientMessage(Buffer.from(bytes)))).toHaveLength(1);
        },
      ),
    );
  });
});
